import {
  carried,
  constant,
  type Infer,
  list,
  signingInput,
  struct,
  text,
  u16,
  u32,
  u64,
  union,
} from "../encoding/index.ts";
import { hash32, id16, key32, oracleId, scalar32, signature64 } from "../ids.ts";
import { ORACLES_MAX, STEP_MESSAGES_MAX, TEXT_BYTES_MAX } from "../limits.ts";
import { certificate } from "./vote.ts";

/** A one-use nonce slot of one oracle: one commitment pair per message of the step. */
export const nonceSlot = struct({
  bootId: id16,
  slotId: id16,
  commitments: list(struct({ hiding: key32, binding: key32 }), STEP_MESSAGES_MAX),
});
export type NonceSlot = Infer<typeof nonceSlot>;

/** One entry of a FROST commitment list (RFC 9591 section 4.3); W's identifier is 65535. */
export const commitmentEntry = struct({ identifier: u16, hiding: key32, binding: key32 });

/** COMMIT: the certificate, the chosen signers' slots and, per message, the full commitment list B_j. */
export const commit = struct({
  version: constant(1),
  instance: hash32,
  seq: u64,
  headerHash: hash32,
  shareVersion: u32,
  qc: certificate,
  slots: list(struct({ oracle: oracleId, bootId: id16, slotId: id16 }), ORACLES_MAX),
  commitmentLists: list(list(commitmentEntry, ORACLES_MAX + 1), STEP_MESSAGES_MAX),
});
export type Commit = Infer<typeof commit>;

export const signedCommit = struct({ commit, signature: signature64 });
export type SignedCommit = Infer<typeof signedCommit>;

/** The bytes the chain key of the step's seq signs for a COMMIT. */
export const commitInput: (value: Commit) => Uint8Array = carried((value) =>
  signingInput("ipse/v1/commit", commit, value),
);

/** An oracle's signed refusal to sign one message of a certified step. It convicts nobody. */
export const denial = struct({
  version: constant(1),
  oracle: oracleId,
  instance: hash32,
  seq: u64,
  headerHash: hash32,
  message: u16,
  code: text(TEXT_BYTES_MAX),
});
export type Denial = Infer<typeof denial>;

export function denialInput(value: Denial): Uint8Array {
  return signingInput("ipse/v1/denial", denial, value);
}

/** What an oracle answers for one message: its signature share z_i, or a signed DENY. */
export const shareResult = union({
  share: [1, struct({ z: scalar32 })],
  denied: [2, struct({ code: text(TEXT_BYTES_MAX), signature: signature64 })],
});
export type ShareResult = Infer<typeof shareResult>;
