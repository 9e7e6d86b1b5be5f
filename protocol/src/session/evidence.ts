import { compareBytes, equalBytes } from "../bytes.ts";
import { constant, type Hash, hashOf, type Infer, struct } from "../encoding/index.ts";
import { check } from "../errors.ts";
import type { Group } from "../group/group.ts";
import { hash32, signature64 } from "../ids.ts";
import { type Roster, rosterHash } from "../registry/roster.ts";
import type { CertifiedHeader } from "./certified.ts";
import { enrollBody } from "./enroll.ts";
import { verifyEnrollment } from "./enroll-check.ts";
import { chainInput, evidenceInput, header, headerHash, type SignedHeader, signedHeader } from "./header.ts";
import { certificate, type SignedVote, signedVote, verifyCertificate, voteVerifies } from "./vote.ts";

/**
 * Proof that the state of one instance lived twice: two headers of one seq, both
 * naming the certified parent, both under the chain key it announced and under E.
 */
export const forkEvidence = struct({
  version: constant(1),
  rosterHash: hash32,
  enrollment: struct({ signed: signedHeader, body: enrollBody }),
  /** Without the chain signature: its key is the grandparent's to announce, and nothing unchecked may stand here. */
  parent: struct({ header, evidenceSignature: signature64, qc: certificate }),
  a: signedHeader,
  b: signedHeader,
});
export type ForkEvidence = Infer<typeof forkEvidence>;

/** Puts two forking headers into the one canonical order. Throws ERR_EVIDENCE_SAME when they are one header. */
export function makeEvidence(
  enrollment: ForkEvidence["enrollment"],
  parent: CertifiedHeader,
  one: SignedHeader,
  other: SignedHeader,
): ForkEvidence {
  const order = compareBytes(headerHash(one.header), headerHash(other.header));
  check(order !== 0, "ERR_EVIDENCE_SAME", "two copies of one header are no fork");
  const [a, b] = order < 0 ? [one, other] : [other, one];
  const { header: parentHeader, evidenceSignature } = parent.signed;
  return {
    version: 1,
    rosterHash: parentHeader.rosterHash,
    enrollment,
    parent: { header: parentHeader, evidenceSignature, qc: parent.qc },
    a,
    b,
  };
}

function checkBranch(group: Group, evidence: ForkEvidence, branch: SignedHeader): void {
  const parent = evidence.parent.header;
  const { header: own } = branch;
  const follows =
    equalBytes(own.instance, parent.instance) &&
    equalBytes(own.rosterHash, parent.rosterHash) &&
    own.seq === parent.seq + 1 &&
    equalBytes(own.parent, headerHash(parent));
  check(follows, "ERR_EVIDENCE_BRANCH", "a branch does not follow the certified parent");
  const chained = group.ed25519.verify(parent.nextChainKey, chainInput(own), branch.chainSignature);
  check(chained, "ERR_EVIDENCE_CHAIN_SIGNATURE", "a branch is not under the announced chain key");
  const owned = group.ed25519.verify(
    evidence.enrollment.body.evidenceKey,
    evidenceInput(own),
    branch.evidenceSignature,
  );
  check(owned, "ERR_EVIDENCE_OWNER_SIGNATURE", "a branch is not under the instance's evidence key");
}

/**
 * Checks fork evidence offline, against a roster the caller pins (never the
 * evidence's own). Throws ERR_EVIDENCE_* naming what fails; returns the instance.
 */
export function verifyEvidence(group: Group, roster: Roster, evidence: ForkEvidence): Hash {
  check(
    equalBytes(evidence.rosterHash, rosterHash(roster)),
    "ERR_EVIDENCE_ROSTER",
    "the evidence is under another roster",
  );
  const instance = verifyEnrollment(group, roster, evidence.enrollment);
  const { parent } = evidence;
  const { header: own } = parent;
  const ours = equalBytes(own.instance, instance) && equalBytes(own.rosterHash, evidence.rosterHash);
  check(ours, "ERR_EVIDENCE_PARENT", "the parent is of another instance or roster");
  const owned = group.ed25519.verify(
    evidence.enrollment.body.evidenceKey,
    evidenceInput(own),
    parent.evidenceSignature,
  );
  check(owned, "ERR_EVIDENCE_PARENT", "the parent is not under the instance's evidence key");
  verifyCertificate(group, roster, parent.qc, own);
  const ordered = compareBytes(headerHash(evidence.a.header), headerHash(evidence.b.header)) < 0;
  check(ordered, "ERR_EVIDENCE_ORDER", "the branches are equal or out of order");
  checkBranch(group, evidence, evidence.a);
  checkBranch(group, evidence, evidence.b);
  return instance;
}

/** Names evidence in gossip: instance and kind, not the branches, so that there is one per instance. */
export function evidenceHash(evidence: ForkEvidence): Hash {
  return hashOf("ipse/v1/evidence", forkEvidence, evidence);
}

/** Proof that an oracle voted twice: other hashes at one (instance, seq), or two votes with one counter. */
export const equivocation = struct({ version: constant(1), first: signedVote, second: signedVote });
export type Equivocation = Infer<typeof equivocation>;

/** Whether two votes of one oracle contradict each other. */
export function votesContradict(one: SignedVote, other: SignedVote): boolean {
  const [a, b] = [one.vote, other.vote];
  if (a.oracle !== b.oracle || !equalBytes(a.rosterHash, b.rosterHash)) return false;
  const sameStep = equalBytes(a.instance, b.instance) && a.seq === b.seq;
  const sameHash = equalBytes(a.headerHash, b.headerHash);
  if (sameStep && !sameHash) return true;
  const sameVote = sameStep && sameHash && a.shareOk === b.shareOk && a.shareVersion === b.shareVersion;
  return a.counter === b.counter && !sameVote;
}

/** Checks equivocation evidence under a pinned roster. Throws ERR_EVIDENCE_*; returns the oracle's id. */
export function verifyEquivocation(group: Group, roster: Roster, evidence: Equivocation): number {
  const { first, second } = evidence;
  check(
    equalBytes(first.vote.rosterHash, rosterHash(roster)),
    "ERR_EVIDENCE_ROSTER",
    "votes under another roster",
  );
  check(votesContradict(first, second), "ERR_EVIDENCE_SAME", "the votes do not contradict each other");
  const good = voteVerifies(group, roster, first) && voteVerifies(group, roster, second);
  check(good, "ERR_EVIDENCE_OWNER_SIGNATURE", "a vote does not verify");
  return first.vote.oracle;
}
