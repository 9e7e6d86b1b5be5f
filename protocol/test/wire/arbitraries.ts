import fc, { type Arbitrary } from "fast-check";
import type { CosignSubject } from "../../src/issuer/index.ts";
import { OAUTH_ERROR_NAMES } from "../../src/oauth/index.ts";
import type { CosignMessage } from "../../src/wire/cosign.ts";
import type { GossipItem, PeerMessage } from "../../src/wire/peer.ts";
import type { AgentMessage, OracleMessage, StatusProof } from "../../src/wire/session.ts";
import {
  body,
  certificate,
  certifiedHeader,
  enrollBody,
  enrollment,
  equivocation,
  forkEvidence,
  hash,
  id16,
  maybe,
  nonceSlot,
  oracle,
  poolKey,
  provenHeader,
  shareResult,
  signature,
  signedCommit,
  signedHeader,
  signedReservation,
  signedStaleNotice,
  signedStatement,
  signedTicket,
  signedVote,
  some,
  statusAnswer,
  text,
  u8,
  u16,
  u32,
  u64,
  upTo,
  v1,
} from "../encoding/arbitraries.ts";

const kind = <const K extends string>(name: K) => fc.constant(name);

export const agentMessage: Arbitrary<AgentMessage> = fc.oneof(
  fc.record({ kind: kind("hello"), versions: some(u8), challenge: hash }),
  fc.record({
    kind: kind("reserve"),
    request: fc.record({ version: v1, ticket: signedTicket, use: u16, evidenceKey: hash }),
    signature,
  }),
  fc.record({ kind: kind("enroll"), signed: signedHeader, body: enrollBody }),
  fc.record({
    kind: kind("step"),
    signed: signedHeader,
    body,
    parent: maybe(certifiedHeader),
    sealedDelta: maybe(upTo(256)),
  }),
  signedCommit.map((commit) => ({ kind: "commit" as const, ...commit })),
  fc.record({
    kind: kind("cert"),
    certified: certifiedHeader,
    enrollment: maybe(enrollBody),
    signature: maybe(signature),
  }),
  fc.record({ kind: kind("status"), instance: hash, challenge: hash }),
  signedStaleNotice.map((notice) => ({ kind: "stale" as const, ...notice })),
);

const statusProof: Arbitrary<StatusProof> = fc.oneof(
  fc.record({ kind: kind("fork"), evidence: forkEvidence }),
  fc.record({ kind: kind("stale"), notice: signedStaleNotice }),
  fc.record({ kind: kind("statement"), statement: signedStatement }),
);

export const oracleMessage: Arbitrary<OracleMessage> = fc.oneof(
  fc.record({
    kind: kind("hello"),
    hello: fc.record({ version: u8, oracle, bootId: id16, sealingKey: hash, challenge: hash }),
    signature,
  }),
  fc.record({ kind: kind("reserved"), poolKey, reservation: signedReservation }),
  fc.record({
    kind: kind("ordered"),
    vote: maybe(signedVote),
    qc: maybe(certificate),
    slot: maybe(nonceSlot),
    salt: hash,
  }),
  fc.record({
    kind: kind("shares"),
    oracle,
    instance: hash,
    seq: u64,
    headerHash: hash,
    slotId: id16,
    results: some(shareResult),
  }),
  fc.record({ kind: kind("certAck"), instance: hash, seq: u64, salt: hash }),
  fc.record({ kind: kind("status"), answer: statusAnswer, proof: maybe(statusProof), signature }),
  fc.record({ kind: kind("noted"), instance: hash }),
  fc.record({
    kind: kind("refused"),
    code: text,
    message: text,
    retryAfterMs: u32,
    proof: maybe(statusProof),
  }),
);

const gossipItem: Arbitrary<GossipItem> = fc.oneof(
  fc.record({ kind: kind("head"), certified: certifiedHeader }),
  fc.record({ kind: kind("undecided"), proven: provenHeader }),
  fc.record({ kind: kind("open"), instance: hash, seq: u64, headerHash: hash }),
  fc.record({ kind: kind("evidence"), evidence: forkEvidence }),
  fc.record({ kind: kind("equivocation"), evidence: equivocation }),
  fc.record({ kind: kind("stale"), notice: signedStaleNotice, enrollment }),
  fc.record({ kind: kind("statement"), statement: signedStatement }),
  fc.record({ kind: kind("enrollment"), enrollment, certified: maybe(certifiedHeader) }),
);

const cosignSubject: Arbitrary<CosignSubject> = fc.oneof(
  fc.record({
    kind: kind("token"),
    request: fc.record({
      assertion: text,
      clientId: maybe(text),
      scope: maybe(text),
      resource: maybe(text),
      proof: maybe(text),
    }),
    terms: fc.record({
      iat: u64,
      policy: u64,
      scope: maybe(text),
      resource: text,
      ttlSeconds: u32,
      claimsDigest: hash,
    }),
  }),
  fc.record({ kind: kind("jwks"), iat: u64, exp: u64, keys: some(hash) }),
  fc.record({ kind: kind("revoked"), iat: u64, audience: text, instance: hash }),
);

const cosignMessage: Arbitrary<CosignMessage> = fc.oneof(
  fc.record({ kind: kind("propose"), keyId: hash, subject: cosignSubject }),
  fc.record({ kind: kind("commitment"), slotId: id16, hiding: hash, binding: hash }),
  fc.record({
    kind: kind("sign"),
    slotId: id16,
    commitments: some(fc.record({ oracle, hiding: hash, binding: hash })),
  }),
  fc.record({ kind: kind("share"), slotId: id16, z: hash }),
  fc.record({ kind: kind("refused"), error: fc.constantFrom(...OAUTH_ERROR_NAMES), reason: text }),
);

export const peerMessage: Arbitrary<PeerMessage> = fc.oneof(
  fc.record({ kind: kind("hello"), version: u8, oracle, rosterHash: hash, challenge: hash }),
  fc.record({ kind: kind("proof"), signature }),
  fc.record({
    kind: kind("gossip"),
    newestVote: maybe(signedVote),
    yourNewestVote: maybe(signedVote),
    items: some(gossipItem),
  }),
  fc.record({ kind: kind("inventory"), page: u32, pages: u32, hashes: some(hash) }),
  fc.record({ kind: kind("want"), hashes: some(hash) }),
  fc.record({ kind: kind("fetch"), instance: hash, seq: u64 }),
  fc.record({ kind: kind("fetched"), certified: maybe(certifiedHeader), enrollment: maybe(enrollment) }),
  fc.record({ kind: kind("dkg"), payload: upTo(300) }),
  fc.record({ kind: kind("issuerDkg"), payload: upTo(300) }),
  fc.record({ kind: kind("tokenRevoked"), assertion: text, jti: text, expMs: u64 }),
  fc.record({ kind: kind("cosign"), attempt: id16, message: cosignMessage }),
);
