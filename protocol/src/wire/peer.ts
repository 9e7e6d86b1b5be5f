import {
  decode,
  encode,
  type Infer,
  list,
  optional,
  signingInput,
  struct,
  u8,
  u32,
  u64,
  union,
  varBytes,
} from "../encoding/index.ts";
import { check } from "../errors.ts";
import { hash32, oracleId, salt32, signature64 } from "../ids.ts";
import { tokenRevocation } from "../issuer/proposal.ts";
import { FRAME_BYTES_MAX } from "../limits.ts";
import { signedStatement } from "../registry/statement.ts";
import { certifiedHeader, provenHeader } from "../session/certified.ts";
import { enrollBody } from "../session/enroll.ts";
import { equivocation, forkEvidence } from "../session/evidence.ts";
import { signedHeader } from "../session/header.ts";
import { signedStaleNotice } from "../session/stale.ts";
import { signedVote } from "../session/vote.ts";
import { cosign } from "./cosign.ts";

/** The root of an instance, as peers exchange it. */
export const enrollment = struct({ signed: signedHeader, body: enrollBody });

const namedHeader = struct({ instance: hash32, seq: u64, headerHash: hash32 });
export type NamedHeader = Infer<typeof namedHeader>;

/** What gossip carries. Every item but a name proves itself; the receiver verifies before it stores. */
export const gossipItem = union({
  /** A certified head; with the enrollment when the sender thinks the receiver has not got it. */
  head: [1, struct({ certified: certifiedHeader })],
  /** A stored, still undecided header, voted or not, for who asked: runs the FORK row, never a vote. */
  undecided: [2, struct({ proven: provenHeader })],
  evidence: [3, struct({ evidence: forkEvidence })],
  equivocation: [4, struct({ evidence: equivocation })],
  stale: [5, struct({ notice: signedStaleNotice, enrollment })],
  statement: [6, struct({ statement: signedStatement })],
  enrollment: [7, struct({ enrollment, certified: optional(certifiedHeader) })],
  /** Names an undecided header: who holds it and no other of its seq need not see it, others fetch it. */
  open: [8, namedHeader],
});
export type GossipItem = Infer<typeof gossipItem>;

const peerHello = struct({ version: u8, oracle: oracleId, rosterHash: hash32, challenge: salt32 });
export type PeerHello = Infer<typeof peerHello>;

/** What a peer signs to prove who it is: both challenges, both names. */
const peerProof = struct({
  prover: oracleId,
  verifier: oracleId,
  rosterHash: hash32,
  theirs: salt32,
  mine: salt32,
});
export function peerProofInput(value: Infer<typeof peerProof>): Uint8Array {
  return signingInput("ipse/v1/peer-proof", peerProof, value);
}

/** A frame between two oracles. */
export const peerMessage = union({
  hello: [1, peerHello],
  proof: [2, struct({ signature: signature64 })],
  /** `newestVote`: the sender's own; `yourNewestVote`: the newest of the receiver's that the sender has seen. */
  gossip: [
    3,
    struct({
      newestVote: optional(signedVote),
      yourNewestVote: optional(signedVote),
      items: list(gossipItem, 256),
    }),
  ],
  /** Hashes of everything durable that gossip carries; the receiver asks for what it lacks. */
  inventory: [4, struct({ page: u32, pages: u32, hashes: list(hash32, 4096) })],
  want: [5, struct({ hashes: list(hash32, 256) })],
  /** Asks for the certified header of a seq (and, at seq 0, the enrollment), and for what is undecided there. */
  fetch: [6, struct({ instance: hash32, seq: u64 })],
  fetched: [7, struct({ certified: optional(certifiedHeader), enrollment: optional(enrollment) })],
  /** A DKG ceremony's message; its own codec, private shares sealed by the pinned TLS connection. */
  dkg: [8, struct({ payload: varBytes(FRAME_BYTES_MAX - 64) })],
  /** The same for a ceremony that makes an issuer key. */
  issuerDkg: [9, struct({ payload: varBytes(FRAME_BYTES_MAX - 64) })],
  /** A threshold signature under an issuer key. */
  cosign: [10, cosign],
  /** A client ended one of its tokens. */
  tokenRevoked: [11, tokenRevocation],
});
export type PeerMessage = Infer<typeof peerMessage>;

/** The only way in for a peer's bytes. Throws ERR_FRAME_SIZE, ERR_ENCODING*. */
export function parsePeerFrame(frame: Uint8Array): PeerMessage {
  check(frame.length <= FRAME_BYTES_MAX, "ERR_FRAME_SIZE", `a frame of more than ${FRAME_BYTES_MAX} bytes`);
  return decode(peerMessage, frame);
}

export function encodePeerFrame(message: PeerMessage): Uint8Array {
  return encode(peerMessage, message);
}
