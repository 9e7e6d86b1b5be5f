import {
  bytes,
  constant,
  decode,
  encode,
  type Infer,
  list,
  optional,
  struct,
  text,
  u16,
  u32,
  u64,
  union,
  varBytes,
} from "../../encoding/index.ts";
import { check, IpseError } from "../../errors.ts";
import { key32, scalar32 } from "../../ids.ts";
import { FRAME_BYTES_MAX, ORACLES_MAX, TEXT_BYTES_MAX, THRESHOLD_MAX } from "../../limits.ts";
import { signedTicket } from "../../registry/ticket.ts";
import { body } from "../body.ts";
import { certifiedHeader } from "../certified.ts";
import { enrollBody } from "../enroll.ts";
import { signedHeader } from "../header.ts";
import { certificate } from "../vote.ts";

/** The newest state format this code writes and the only one it reads. */
export const STATE_VERSION = 1;

const seed32 = bytes(32);
const enrollment = struct({ signed: signedHeader, body: enrollBody });

/** From the join to the certified ENROLL. Every attempt has its own keys and use number. */
const enrolling = struct({
  ticket: signedTicket,
  ticketSeed: seed32,
  use: u16,
  /** Uses tried before this one. */
  attempt: u16,
  evidenceSeed: seed32,
  chainSeed: seed32,
  share: scalar32,
  pending: optional(enrollment),
});
export type Enrolling = Infer<typeof enrolling>;

/** The step that is finished, never replaced (R1): with it every A_i and the secrets that follow it. */
const pendingStep = struct({
  signed: signedHeader,
  body,
  /** Seed of the chain key that the header announces. */
  chainSeed: seed32,
  /** s_W + D(0), and per oracle 1..n the sum A_i since its base, D(i) of this step included. */
  ratchet: optional(struct({ share: scalar32, deltas: list(scalar32, ORACLES_MAX) })),
  qc: optional(certificate),
});
export type PendingStep = Infer<typeof pendingStep>;

/** How far an oracle's share lags: the newest version with its share_ok vote, and A_i since then. */
const lag = struct({ base: u32, delta: optional(scalar32) });
export type Lag = Infer<typeof lag>;

const live = struct({
  enrollment,
  /** The certificate of seq 0, for oracles that never heard of the instance. */
  enrollQc: certificate,
  head: certifiedHeader,
  evidenceSeed: seed32,
  /** Of the chain key of head + 1. */
  chainSeed: seed32,
  share: scalar32,
  /** F at the head's share version. */
  commitments: list(key32, THRESHOLD_MAX),
  lags: list(lag, ORACLES_MAX),
  pending: optional(pendingStep),
  /** Release number and serial of the operators' newest release statement seen. */
  release: u32,
  releaseSerial: u64,
});
export type Live = Infer<typeof live>;

/** No secrets are left. `code` is what callers get; `proof` is what caused it, encoded. */
const dead = struct({
  code: text(TEXT_BYTES_MAX),
  enrollment: optional(enrollment),
  headSeq: u64,
  proof: varBytes(FRAME_BYTES_MAX),
});
export type Dead = Infer<typeof dead>;

const phase = union({ enrolling: [1, enrolling], live: [2, live], dead: [3, dead] });
export type Phase = Infer<typeof phase>;

const durableState = struct({
  version: constant(STATE_VERSION),
  /** Boot id and VM generation last seen. */
  machine: text(TEXT_BYTES_MAX),
  phase,
});
export type DurableState = Infer<typeof durableState>;

/** The state file's bytes. They hold every secret of the instance: the caller wipes them. */
export function encodeState(state: DurableState): Uint8Array {
  return encode(durableState, state);
}

/** Throws ERR_STATE_VERSION on a newer format and ERR_STATE_CORRUPT on anything else that does not decode. */
export function decodeState(file: Uint8Array): DurableState {
  const version = file[0] ?? 0;
  check(version <= STATE_VERSION, "ERR_STATE_VERSION", `state format ${version} is newer than this program`);
  try {
    return decode(durableState, file);
  } catch (cause) {
    throw new IpseError("ERR_STATE_CORRUPT", "the state file is damaged", { cause });
  }
}
