import { equalBytes } from "../bytes.ts";
import {
  constant,
  type Hash,
  hashOf,
  type Infer,
  list,
  refine,
  signingInput,
  struct,
  u16,
  u32,
} from "../encoding/index.ts";
import { check } from "../errors.ts";
import { type CommitmentVector, decodeCommitmentVector } from "../frost/index.ts";
import type { Group } from "../group/index.ts";
import { hash32, key32, signature64 } from "../ids.ts";
import { CEREMONY_KEYS_MAX, ORACLES_MAX, THRESHOLD_MAX } from "../limits.ts";
import { MERKLE_PATH_MAX, rootOfPath } from "./merkle.ts";

/**
 * One key of the DKG pool, provable on its own: its commitment vector, its place in the ceremony's Merkle
 * tree, and the n signatures over the ceremony (all of n).
 */
export const poolKey = struct({
  version: constant(1),
  rosterHash: hash32,
  ceremony: hash32,
  index: refine(u32, (i) => i < CEREMONY_KEYS_MAX, "pool key index out of range"),
  count: refine(u32, (c) => c >= 1 && c <= CEREMONY_KEYS_MAX, "ceremony size out of range"),
  /** F: t points; F[0] is PK_O. */
  commitments: list(key32, THRESHOLD_MAX),
  merklePath: list(hash32, MERKLE_PATH_MAX),
  transcript: hash32,
  /** By oracles 1..n in order, over the ceremony statement. */
  certificate: list(signature64, ORACLES_MAX),
});
export type PoolKey = Infer<typeof poolKey>;

const poolKeyName = struct({ ceremony: hash32, index: u32 });

/** Names a pool key: the hash of ceremony and index. */
export function deriveKeyId(key: Infer<typeof poolKeyName>): Hash {
  return hashOf("ipse/v1/pool-key-id", poolKeyName, { ceremony: key.ceremony, index: key.index });
}

const leaf = struct({
  rosterHash: hash32,
  ceremony: hash32,
  index: u32,
  commitments: list(key32, THRESHOLD_MAX),
});

/** The Merkle leaf of a key. */
export function leafOf(key: Infer<typeof leaf>): Hash {
  return hashOf("ipse/v1/dkg-leaf", leaf, key);
}

/** What each oracle signs with its vote key when its view of the ceremony is complete and correct. */
const statement = struct({
  version: constant(1),
  rosterHash: hash32,
  ceremony: hash32,
  oracleCount: u16,
  threshold: u16,
  count: u32,
  /** Hash of everything that was broadcast. */
  transcript: hash32,
  /** Root of the tree over the resulting keys. */
  root: hash32,
});
export type CeremonyStatement = Omit<Infer<typeof statement>, "version">;

export function certificateInput(value: CeremonyStatement): Uint8Array {
  return signingInput("ipse/v1/dkg-certificate", statement, { version: 1, ...value });
}

/** The roster as far as a pool key depends on it. */
export interface PoolKeyRoster {
  readonly rosterHash: Uint8Array;
  readonly threshold: number;
  /** Vote keys of oracles 1..n, in order. */
  readonly voteKeys: readonly Uint8Array[];
}

/**
 * Checks one pool key against its roster, without the ceremony: t valid points, and signatures of all n
 * oracles over a ceremony that holds exactly this key at this index. Throws ERR_POOL_ROSTER,
 * ERR_FROST_COMMITMENT_LENGTH, ERR_GROUP_POINT, ERR_POOL_PATH, ERR_POOL_CERTIFICATE.
 */
export function verifyPoolKey(group: Group, roster: PoolKeyRoster, key: PoolKey): CommitmentVector {
  const { rosterHash, threshold, voteKeys } = roster;
  const { ceremony, index, count, transcript, certificate } = key;
  check(equalBytes(key.rosterHash, rosterHash), "ERR_POOL_ROSTER", "the pool key is of another roster");
  const leafHash = leafOf(key);
  const root = rootOfPath(leafHash, index, count, key.merklePath);
  check(root !== undefined, "ERR_POOL_PATH", "the Merkle path does not fit the key's index");
  const oracleCount = voteKeys.length;
  const input = certificateInput({ rosterHash, ceremony, oracleCount, threshold, count, transcript, root });
  const complete =
    certificate.length === oracleCount &&
    voteKeys.every((voteKey, i) => group.ed25519.verify(voteKey, input, certificate[i] ?? new Uint8Array()));
  check(complete, "ERR_POOL_CERTIFICATE", "not all oracles of the roster signed this key's ceremony");
  return decodeCommitmentVector(group, threshold, key.commitments);
}
