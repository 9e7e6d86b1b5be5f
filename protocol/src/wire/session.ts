import { poolKey } from "../dkg/index.ts";
import {
  constant,
  decode,
  encode,
  encodeForCopying,
  type Infer,
  list,
  optional,
  signingInput,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  union,
  varBytes,
} from "../encoding/index.ts";
import { check } from "../errors.ts";
import { hash32, id16, key32, oracleId, salt32, signature64 } from "../ids.ts";
import { FRAME_BYTES_MAX, STEP_MESSAGES_MAX, TEXT_BYTES_MAX } from "../limits.ts";
import { signedStatement } from "../registry/statement.ts";
import { signedTicket } from "../registry/ticket.ts";
import { body } from "../session/body.ts";
import { certifiedHeader } from "../session/certified.ts";
import { enrollBody, signedReservation } from "../session/enroll.ts";
import { forkEvidence } from "../session/evidence.ts";
import { signedHeader } from "../session/header.ts";
import { nonceSlot, shareResult, signedCommit } from "../session/signing.ts";
import { signedStaleNotice } from "../session/stale.ts";
import { statusAnswer } from "../session/status.ts";
import { certificate, signedVote } from "../session/vote.ts";

/** Protocol versions this code speaks; negotiated in HELLO. */
export const WIRE_VERSIONS: readonly number[] = [1];

/** Asks an oracle for one of its pool keys; signed under the ticket key. */
export const reserveRequest = struct({
  version: constant(1),
  ticket: signedTicket,
  use: u16,
  evidenceKey: key32,
});
export type ReserveRequest = Infer<typeof reserveRequest>;
export function reserveInput(value: ReserveRequest): Uint8Array {
  return signingInput("ipse/v1/reserve", reserveRequest, value);
}

/** What an agent sends. `sealedDelta` is A_i under HPKE for this connection's key, for this oracle alone. */
export const agentMessage = union({
  hello: [1, struct({ versions: list(u8, 8), challenge: salt32 })],
  reserve: [2, struct({ request: reserveRequest, signature: signature64 })],
  enroll: [3, struct({ signed: signedHeader, body: enrollBody })],
  step: [
    4,
    struct({
      signed: signedHeader,
      body,
      parent: optional(certifiedHeader),
      sealedDelta: optional(varBytes(256)),
    }),
  ],
  commit: [5, signedCommit],
  /**
   * A certificate; with the ENROLL body where the oracle does not know the instance. `signature` (session/vote.ts,
   * certInput) is the workload's word that it holds this certificate.
   */
  cert: [
    6,
    struct({
      certified: certifiedHeader,
      enrollment: optional(enrollBody),
      signature: optional(signature64),
    }),
  ],
  status: [7, struct({ instance: hash32, challenge: salt32 })],
  stale: [8, signedStaleNotice],
});
export type AgentMessage = Infer<typeof agentMessage>;

/** The oracle's HELLO: signed over the agent's challenge; the sealing key lives in memory for this connection alone. */
export const oracleHello = struct({
  version: u8,
  oracle: oracleId,
  bootId: id16,
  sealingKey: key32,
  challenge: salt32,
});
export type OracleHello = Infer<typeof oracleHello>;
export function helloInput(value: OracleHello): Uint8Array {
  return signingInput("ipse/v1/hello", oracleHello, value);
}

/** Why an instance is not served, in a form that proves itself. */
export const statusProof = union({
  fork: [1, struct({ evidence: forkEvidence })],
  stale: [2, struct({ notice: signedStaleNotice })],
  statement: [3, struct({ statement: signedStatement })],
});
export type StatusProof = Infer<typeof statusProof>;

/** What an oracle sends. Every answer carries the id of the request it answers. */
export const oracleMessage = union({
  hello: [1, struct({ hello: oracleHello, signature: signature64 })],
  reserved: [2, struct({ poolKey, reservation: signedReservation })],
  /** The answer to STEP and ENROLL: my vote, or the certificate where the step is certified already. */
  ordered: [
    3,
    struct({
      vote: optional(signedVote),
      qc: optional(certificate),
      slot: optional(nonceSlot),
      salt: salt32,
    }),
  ],
  shares: [
    4,
    struct({
      oracle: oracleId,
      instance: hash32,
      seq: u64,
      headerHash: hash32,
      slotId: id16,
      results: list(shareResult, STEP_MESSAGES_MAX),
    }),
  ],
  certAck: [5, struct({ instance: hash32, seq: u64, salt: salt32 })],
  status: [6, struct({ answer: statusAnswer, proof: optional(statusProof), signature: signature64 })],
  noted: [7, struct({ instance: hash32 })],
  /** `retryAfterMs` > 0: the same bytes again later (BUSY). */
  refused: [
    8,
    struct({
      code: text(TEXT_BYTES_MAX),
      message: text(TEXT_BYTES_MAX),
      retryAfterMs: u32,
      proof: optional(statusProof),
    }),
  ],
});
export type OracleMessage = Infer<typeof oracleMessage>;

const agentFrame = struct({ id: u32, message: agentMessage });
const oracleFrame = struct({ id: u32, message: oracleMessage });
export type AgentFrame = Infer<typeof agentFrame>;
export type OracleFrame = Infer<typeof oracleFrame>;

function bounded(frame: Uint8Array): Uint8Array {
  check(frame.length <= FRAME_BYTES_MAX, "ERR_FRAME_SIZE", `a frame of more than ${FRAME_BYTES_MAX} bytes`);
  return frame;
}

/** The only way in for an agent's bytes. Throws ERR_FRAME_SIZE, ERR_ENCODING*. */
export function parseAgentFrame(frame: Uint8Array): AgentFrame {
  return decode(agentFrame, bounded(frame));
}

/** The only way in for an oracle's bytes. Throws ERR_FRAME_SIZE, ERR_ENCODING*. */
export function parseOracleFrame(frame: Uint8Array): OracleFrame {
  return decode(oracleFrame, bounded(frame));
}

export function encodeAgentFrame(frame: AgentFrame): Uint8Array {
  return encode(agentFrame, frame);
}

export function encodeOracleFrame(frame: OracleFrame): Uint8Array {
  return encode(oracleFrame, frame);
}

/** The same, to be copied at once (encodeForCopying). */
export function oracleFrameForCopying(frame: OracleFrame): Uint8Array {
  return encodeForCopying(oracleFrame, frame);
}
