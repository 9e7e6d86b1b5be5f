import {
  bool,
  decode,
  encode,
  type Hash,
  hashOf,
  type Infer,
  struct,
  u16,
  u64,
  union,
  varBytes,
} from "../encoding/index.ts";
import { hash32, oracleId } from "../ids.ts";
import { FRAME_BYTES_MAX } from "../limits.ts";

/** Room for the frames around a ceremony's message. */
const OVERHEAD_BYTES = 256;

/** What the payload of a peer's `dkg` message holds. */
const poolMessage = union({
  /** The sender begins a ceremony; every other oracle joins or stays silent. */
  propose: [1, struct({ rosterHash: hash32, serial: u64, count: u16 })],
  /** A message of a ceremony. `open`: it is not over for the sender, so whoever knows how it ended says so. */
  message: [2, struct({ ceremony: hash32, open: bool, payload: varBytes(FRAME_BYTES_MAX - OVERHEAD_BYTES) })],
});
export type PoolMessage = Infer<typeof poolMessage>;
export type Proposal = Extract<PoolMessage, { kind: "propose" }>;

export function encodePoolMessage(message: PoolMessage): Uint8Array {
  return encode(poolMessage, message);
}

/** Throws ERR_ENCODING*. */
export function decodePoolMessage(bytes: Uint8Array): PoolMessage {
  return decode(poolMessage, bytes);
}

export const ceremonyName = struct({ rosterHash: hash32, initiator: oracleId, serial: u64, count: u16 });

/**
 * Names a ceremony. An oracle joins each serial of an initiator at most once and only upwards, so no name is
 * ever used twice and nobody but the initiator can use one up.
 */
export function ceremonyId(name: Infer<typeof ceremonyName>): Hash {
  return hashOf("ipse/v1/ceremony", ceremonyName, name);
}
