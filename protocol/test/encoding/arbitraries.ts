import fc, { type Arbitrary } from "fast-check";
import type { PoolKey } from "../../src/dkg/index.ts";
import type { Join } from "../../src/registry/join.ts";
import type { Roster, SignedRoster } from "../../src/registry/roster.ts";
import type { SignedStatement, StatementPayload } from "../../src/registry/statement.ts";
import type { SignedTicket } from "../../src/registry/ticket.ts";
import { type Body, MESSAGE_TYPES } from "../../src/session/body.ts";
import type { AheadHeader, CertifiedHeader, ProvenHeader } from "../../src/session/certified.ts";
import type { EnrollBody } from "../../src/session/enroll.ts";
import type { Equivocation, ForkEvidence } from "../../src/session/evidence.ts";
import { type SignedHeader, STEP_KINDS } from "../../src/session/header.ts";
import type { NonceSlot, ShareResult, SignedCommit } from "../../src/session/signing.ts";
import type { SignedStaleNotice } from "../../src/session/stale.ts";
import { INSTANCE_STATUSES, type StatusAnswer } from "../../src/session/status.ts";
import type { Certificate, SignedVote } from "../../src/session/vote.ts";

/** Arbitrary valid values of everything that has a codec: what an encoder must carry, not what a verifier accepts. */

export const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
export const upTo = (max: number) => fc.uint8Array({ maxLength: max });
export const hash = bytes(32);
export const id16 = bytes(16);
export const signature = bytes(64);
export const u8 = fc.nat(255);
export const u16 = fc.nat(65535);
export const u32 = fc.nat(2 ** 32 - 1);
export const u64 = fc.nat(Number.MAX_SAFE_INTEGER);
export const oracle = fc.integer({ min: 1, max: 16 });
export const text = fc.string({ unit: "grapheme", maxLength: 40 }).filter((s) => s.isWellFormed());
export const maybe = <T>(one: Arbitrary<T>): Arbitrary<T | undefined> => fc.option(one, { nil: undefined });
export const some = <T>(one: Arbitrary<T>, maxLength = 3) => fc.array(one, { maxLength });
export const v1 = fc.constant(1 as const);

const segment = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/);
export const trustDomain = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,11}$/);
export const spiffeId = fc
  .tuple(trustDomain, fc.array(segment, { minLength: 1, maxLength: 4 }))
  .map(([domain, path]) => `spiffe://${domain}/${path.join("/")}`);
export const url = fc.stringMatching(/^https?:\/\/[a-z.]{1,10}(:[0-9]{1,4})?(\/[a-z]{0,4}){0,2}$/);
const endpointText = fc.stringMatching(/^wss?:\/\/[a-z.]{1,10}$/);

const operator = fc.record({
  name: text,
  publicKey: hash,
  roles: fc.subarray(["mint", "contain"] as const),
  notBeforeMs: u64,
  notAfterMs: u64,
});
export const roster: Arbitrary<Roster> = fc.record({
  version: v1,
  trustDomain,
  issuer: url,
  serial: u64,
  previous: hash,
  operators: some(operator),
  mintThreshold: u8,
  oracles: some(fc.record({ id: oracle, voteKey: hash })),
  quorum: u8,
  byzantineMax: u8,
});
const namedSignature = fc.record({ publicKey: hash, signature });
export const signedRoster: Arbitrary<SignedRoster> = fc.record({ roster, signatures: some(namedSignature) });

export const statementPayload: Arbitrary<StatementPayload> = fc.oneof(
  fc.record({
    kind: fc.constant("workload" as const),
    spiffeId,
    deleted: fc.boolean(),
    resources: some(url),
    scopes: some(text),
    ttlSeconds: u32,
    onStale: fc.constantFrom("quarantine" as const, "revoke" as const),
    allowRaw: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("resource" as const),
    url,
    deleted: fc.boolean(),
    credentialHash: hash,
  }),
  fc.record({
    kind: fc.constant("instance" as const),
    instance: hash,
    action: fc.constantFrom("quarantine" as const, "release" as const, "revoke" as const),
    release: u32,
    reason: text,
  }),
  fc.record({ kind: fc.constant("ticketRevocation" as const), ticketId: id16, reason: text }),
  fc.record({
    kind: fc.constant("endpoint" as const),
    oracle,
    sessionUrl: endpointText,
    oauthUrl: endpointText,
    tlsPin: hash,
  }),
  fc.record({ kind: fc.constant("receiver" as const), url, deleted: fc.boolean(), pushUrl: url }),
  fc.record({ kind: fc.constant("issuerRotation" as const), immediate: fc.boolean(), reason: text }),
);
export const signedStatement: Arbitrary<SignedStatement> = fc.record({
  statement: fc.record({
    version: v1,
    rosterHash: hash,
    serial: u64,
    issuedAtMs: u64,
    payload: statementPayload,
  }),
  signatures: some(namedSignature),
});

export const signedTicket: Arbitrary<SignedTicket> = fc.record({
  ticket: fc.record({
    version: v1,
    rosterHash: hash,
    id: id16,
    spiffeId,
    ticketKey: hash,
    uses: fc.integer({ min: 1, max: 1024 }),
    issuedAtMs: u64,
    expiresAtMs: u64,
  }),
  delegation: maybe(
    fc.record({
      delegation: fc.record({
        version: v1,
        rosterHash: hash,
        name: text,
        deployerKey: hash,
        spiffePrefix: text,
        notAfterMs: u64,
      }),
      operator: hash,
      signature,
    }),
  ),
  signer: hash,
  signature,
});
export const join: Arbitrary<Join> = fc
  .record({
    version: v1,
    seed: hash,
    signedTicket,
    bootstrap: fc.uniqueArray(fc.record({ oracle, sessionUrl: endpointText, tlsPin: hash }), {
      minLength: 1,
      maxLength: 4,
      selector: (entry) => entry.oracle,
    }),
    heartbeatMs: fc.option(fc.nat(), { nil: undefined }),
  })
  .map((value) => ({
    ...value,
    rosterHash: value.signedTicket.ticket.rosterHash,
    bootstrap: value.bootstrap.toSorted((a, b) => a.oracle - b.oracle),
  }));

export const signedHeader: Arbitrary<SignedHeader> = fc.record({
  header: fc.record({
    version: v1,
    rosterHash: hash,
    instance: hash,
    seq: u64,
    parent: hash,
    kind: fc.constantFrom(...STEP_KINDS),
    bodyHash: hash,
    ratchet: fc.boolean(),
    shareVersion: u32,
    groupEpoch: u32,
    identityKeyVersion: u32,
    nextChainKey: hash,
  }),
  chainSignature: signature,
  evidenceSignature: signature,
});
export const signedVote: Arbitrary<SignedVote> = fc.record({
  vote: fc.record({
    version: v1,
    oracle,
    rosterHash: hash,
    instance: hash,
    seq: u64,
    headerHash: hash,
    shareOk: fc.boolean(),
    shareVersion: u32,
    counter: u64,
  }),
  signature,
});
export const certificate: Arbitrary<Certificate> = fc.record({
  version: v1,
  rosterHash: hash,
  instance: hash,
  seq: u64,
  headerHash: hash,
  votes: some(fc.record({ oracle, shareOk: fc.boolean(), shareVersion: u32, counter: u64, signature })),
});
export const certifiedHeader: Arbitrary<CertifiedHeader> = fc.record({
  signed: signedHeader,
  qc: certificate,
});
export const provenHeader: Arbitrary<ProvenHeader> = fc.record({
  signed: signedHeader,
  parent: certifiedHeader,
});
export const aheadHeader: Arbitrary<AheadHeader> = fc.record({
  signed: signedHeader,
  qc: maybe(certificate),
});

export const body: Arbitrary<Body> = fc.record({
  messages: some(fc.record({ type: fc.constantFrom(...MESSAGE_TYPES), payload: upTo(100) })),
  ratchet: maybe(fc.record({ commitments: some(hash), bases: some(u32) })),
});
export const poolKey: Arbitrary<PoolKey> = fc.record({
  version: v1,
  rosterHash: hash,
  ceremony: hash,
  index: fc.nat(1023),
  count: fc.integer({ min: 1, max: 1024 }),
  commitments: some(hash),
  merklePath: some(hash),
  transcript: hash,
  certificate: some(signature),
});
export const signedReservation = fc.record({
  reservation: fc.record({
    version: v1,
    rosterHash: hash,
    owner: oracle,
    poolKeyId: hash,
    ticketId: id16,
    use: u16,
    evidenceKey: hash,
  }),
  signature,
});
export const enrollBody: Arbitrary<EnrollBody> = fc.record({
  version: v1,
  ticket: signedTicket,
  use: u16,
  workloadKey: hash,
  poolKey,
  reservation: signedReservation,
  evidenceKey: hash,
  nextChainKey: hash,
  proof: signature,
});
export const enrollment = fc.record({ signed: signedHeader, body: enrollBody });

export const forkEvidence: Arbitrary<ForkEvidence> = fc.record({
  version: v1,
  rosterHash: hash,
  enrollment,
  parent: fc.record({
    header: signedHeader.map((signed) => signed.header),
    evidenceSignature: signature,
    qc: certificate,
  }),
  a: signedHeader,
  b: signedHeader,
});
export const equivocation: Arbitrary<Equivocation> = fc.record({
  version: v1,
  first: signedVote,
  second: signedVote,
});
export const signedStaleNotice: Arbitrary<SignedStaleNotice> = fc.record({
  notice: fc.record({
    version: v1,
    rosterHash: hash,
    instance: hash,
    head: certifiedHeader,
    proof: aheadHeader,
    release: u32,
  }),
  signature,
});
export const statusAnswer: Arbitrary<StatusAnswer> = fc.record({
  version: v1,
  oracle,
  instance: hash,
  challenge: hash,
  status: fc.constantFrom(...INSTANCE_STATUSES),
  release: u32,
  head: maybe(certifiedHeader),
  above: some(signedHeader),
});

export const nonceSlot: Arbitrary<NonceSlot> = fc.record({
  bootId: id16,
  slotId: id16,
  commitments: some(fc.record({ hiding: hash, binding: hash })),
});
export const signedCommit: Arbitrary<SignedCommit> = fc.record({
  commit: fc.record({
    version: v1,
    instance: hash,
    seq: u64,
    headerHash: hash,
    shareVersion: u32,
    qc: certificate,
    slots: some(fc.record({ oracle, bootId: id16, slotId: id16 })),
    commitmentLists: some(some(fc.record({ identifier: u16, hiding: hash, binding: hash }))),
  }),
  signature,
});
export const shareResult: Arbitrary<ShareResult> = fc.oneof(
  fc.record({ kind: fc.constant("share" as const), z: hash }),
  fc.record({ kind: fc.constant("denied" as const), code: text, signature }),
);
