import { type Hash, hashOf, list, struct, text } from "../encoding/index.ts";
import { SUITE } from "../frost/index.ts";
import { hash32 } from "../ids.ts";
import { ORACLES_MAX } from "../limits.ts";
import { merkleLevels, merklePath } from "./merkle.ts";
import { type DkgParams, dkgParams } from "./params.ts";
import { type CeremonyStatement, leafOf, type PoolKey } from "./pool-key.ts";
import type { DkgKey } from "./state.ts";

const transcript = struct({ suite: text(64), params: dkgParams, round1: list(hash32, ORACLES_MAX) });

/** Hash of all that was agreed and broadcast: the parameters, and Round 1 of oracles 1..n in order. */
export function transcriptHash(params: DkgParams, round1: readonly Hash[]): Hash {
  return hashOf("ipse/v1/dkg-transcript", transcript, { suite: SUITE, params, round1 });
}

/** The Merkle tree over the keys of a ceremony. */
export function keyTree(params: DkgParams, keys: readonly Pick<DkgKey, "commitments">[]) {
  const { rosterHash, ceremony } = params;
  return merkleLevels(
    keys.map(({ commitments }, index) => leafOf({ rosterHash, ceremony, index, commitments })),
  );
}

export function statementOf(params: DkgParams, view: { transcript: Hash; root: Hash }): CeremonyStatement {
  const { rosterHash, ceremony, threshold, count, voteKeys } = params;
  const { transcript, root } = view;
  return { rosterHash, ceremony, threshold, count, oracleCount: voteKeys.length, transcript, root };
}

/** The ceremony's keys, each provable on its own. */
export function poolKeys(
  params: DkgParams,
  keys: readonly DkgKey[],
  transcript: Hash,
  certificate: readonly Uint8Array[],
): readonly PoolKey[] {
  const { rosterHash, ceremony, count } = params;
  const levels = keyTree(params, keys);
  return keys.map(({ commitments }, index) => ({
    version: 1,
    rosterHash,
    ceremony,
    index,
    count,
    commitments,
    merklePath: merklePath(levels, index),
    transcript,
    certificate,
  }));
}
