import { type Codec, type Infer, list, struct, u16 } from "../encoding/index.ts";
import { check } from "../errors.ts";
import { hash32, key32 } from "../ids.ts";
import { CEREMONY_KEYS_MAX, FRAME_BYTES_MAX, ORACLES_MAX } from "../limits.ts";

/** What all oracles agree on before a ceremony begins. */
export const dkgParams = struct({
  rosterHash: hash32,
  /** Drawn at random by whoever proposes the ceremony; never used twice. */
  ceremony: hash32,
  /** t. */
  threshold: u16,
  /** Keys to make. */
  count: u16,
  /** The vote keys of oracles 1..n, in order. */
  voteKeys: list(key32, ORACLES_MAX) as Codec<readonly Uint8Array[]>,
});
export type DkgParams = Infer<typeof dkgParams>;

const ROUND1_OVERHEAD_BYTES = 512;
const POINT_BYTES = 32;
const PROOF_BYTES = 64;
const COUNT_BYTES = 2;

/** How many keys one ceremony can make so that a Round 1 message fits one frame. */
export function ceremonyKeysMax(threshold: number): number {
  const keyBytes = COUNT_BYTES + threshold * POINT_BYTES + PROOF_BYTES;
  return Math.min(CEREMONY_KEYS_MAX, Math.floor((FRAME_BYTES_MAX - ROUND1_OVERHEAD_BYTES) / keyBytes));
}

/** Throws ERR_DKG_PARAMS unless 2 <= t <= n <= ORACLES_MAX, 1 <= count <= ceremonyKeysMax(t), and the party is one of n. */
export function checkParams(params: DkgParams, party: number): void {
  const { threshold, count, voteKeys } = params;
  const n = voteKeys.length;
  const rule = (holds: boolean, sentence: string): void => check(holds, "ERR_DKG_PARAMS", sentence);
  rule(n <= ORACLES_MAX, `more than ${ORACLES_MAX} oracles`);
  rule(
    Number.isInteger(threshold) && threshold >= 2 && threshold <= n,
    "the threshold is at least 2 and at most n",
  );
  rule(
    Number.isInteger(count) && count >= 1 && count <= ceremonyKeysMax(threshold),
    "too many keys, or none",
  );
  rule(Number.isInteger(party) && party >= 1 && party <= n, "the party is not an oracle of the roster");
}
