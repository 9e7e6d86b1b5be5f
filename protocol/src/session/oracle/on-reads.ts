import { concatBytes, equalBytes } from "../../bytes.ts";
import { put } from "../../host/table.ts";
import { EQUIVOCATIONS_PER_ORACLE_MAX } from "../../limits.ts";
import { standingOf, workloadOf } from "../../registry/registry.ts";
import type { Roster } from "../../registry/roster.ts";
import type { StatusProof } from "../../wire/session.ts";
import type { AheadHeader } from "../certified.ts";
import type { Enrollment } from "../enroll.ts";
import { verifyEnrollment } from "../enroll-check.ts";
import { type Equivocation, type ForkEvidence, verifyEquivocation, verifyEvidence } from "../evidence.ts";
import { type SignedStaleNotice, staleInput } from "../stale.ts";
import { type StatusAnswer, statusInput } from "../status.ts";
import { follows, signaturesVerify } from "../step-check.ts";
import { certificateStands } from "./adopt.ts";
import { NOTHING, type OracleContext, type Outcome, refuse, UNPROVEN } from "./context.ts";
import { InstanceDraft } from "./draft.ts";
import { proofOf, revokeByEvidence } from "./fork.ts";
import { applyStanding, learnVerified } from "./on-enroll.ts";
import { equivocationCounts, equivocations, oracleKey, staleNotices } from "./records.ts";

/** The operators' newest release of an active instance: where W learns its release number. */
function releaseOf(draft: InstanceDraft): StatusProof | undefined {
  const { by: statement } = standingOf(draft.context.view, draft.id);
  return statement === undefined ? undefined : { kind: "statement", statement };
}

/** Answers STATUS: head, every stored header above it, status; signed over the challenge. */
export function onStatus(context: OracleContext, instance: Uint8Array, challenge: Uint8Array): Outcome {
  const draft = InstanceDraft.load(context, instance);
  if (draft === undefined) return refuse("ERR_INSTANCE_UNKNOWN", "no such instance here");
  const { head, vote, undecided, status, release } = draft.record;
  const candidates = [
    ...(vote === undefined ? [] : [vote.signed]),
    ...undecided.map((proven) => proven.signed),
  ];
  const above = candidates.filter((signed) => signed.header.seq > draft.headSeq).slice(0, 16);
  const answer: StatusAnswer = {
    version: 1,
    oracle: context.oracle,
    instance,
    challenge,
    status,
    release,
    head,
    above,
  };
  const signature = context.voteKey.sign(statusInput(answer));
  const proof = status === "active" || status === "ended" ? releaseOf(draft) : proofOf(draft);
  draft.effect({ kind: "reply", message: { kind: "status", answer, proof, signature } });
  return draft.outcome();
}

/** Whether the proof in a notice shows a step above the notice's head that both stand under the instance's keys. */
function proves(draft: InstanceDraft, notice: SignedStaleNotice["notice"], proof: AheadHeader): boolean {
  const head = notice.head.signed.header;
  const { header } = proof.signed;
  if (header.seq <= head.seq || !equalBytes(header.instance, draft.id)) return false;
  const { group } = draft.context;
  const { evidenceKey } = draft.constants;
  if (follows(header, head) && signaturesVerify(group, proof.signed, head.nextChainKey, evidenceKey))
    return true;
  return proof.qc !== undefined && certificateStands(draft, { signed: proof.signed, qc: proof.qc });
}

/**
 * Handles a STALE notice: suspends on a valid one inside retention, by the
 * workload's policy. Returns undefined where it is not valid.
 */
function applyStale(draft: InstanceDraft, signed: SignedStaleNotice): boolean {
  const { notice } = signed;
  const { group, view } = draft.context;
  if (!equalBytes(notice.rosterHash, draft.record.constants.rosterHash)) return false;
  if (notice.release !== draft.record.release || notice.head.signed.header.seq < draft.record.prunedBelow)
    return false;
  const key = notice.head.signed.header.nextChainKey;
  if (!group.ed25519.verify(key, staleInput(notice), signed.signature)) return false;
  // What is passed on must convince strangers, so its certificates are checked whatever I hold.
  if (!certificateStands(draft, notice.head) || !proves(draft, notice, notice.proof)) return false;
  if (draft.record.status !== "active" && draft.record.status !== "suspect") return true;
  const revoke = workloadOf(view, draft.record.constants.spiffeId)?.onStale === "revoke";
  draft.change({
    status: revoke ? "revoked" : "quarantined",
    reason: "a copy of the instance found itself behind",
  });
  draft.mutate(put(staleNotices, draft.id, signed));
  draft.effect({ kind: "drop-slots", instance: draft.id });
  draft.effect({ kind: "alert", code: "instance.stale", instance: draft.id });
  const enrollment = draft.enrollment();
  if (enrollment !== undefined)
    draft.effect({ kind: "gossip", item: { kind: "stale", notice: signed, enrollment } });
  return true;
}

/** STALE from an agent: acknowledged once durable. */
export function onStale(context: OracleContext, signed: SignedStaleNotice): Outcome {
  const draft = InstanceDraft.load(context, signed.notice.instance);
  if (draft === undefined) return refuse("ERR_INSTANCE_UNKNOWN", "no such instance here");
  if (!applyStale(draft, signed))
    return refuse("ERR_STALE_INVALID", "the notice does not stand, or is older than a release");
  draft.effect({ kind: "reply", message: { kind: "noted", instance: draft.id } });
  return draft.outcome();
}

/** STALE from a peer. Of an instance I do not know it is enough as well: a certified head proves that ENROLL was. */
export function onPeerStale(
  context: OracleContext,
  signed: SignedStaleNotice,
  enrollment: Enrollment,
): Outcome {
  const { instance, rosterHash } = signed.notice;
  const known = InstanceDraft.load(context, instance);
  const roster = context.roster(rosterHash);
  if (known === undefined) {
    if (roster === undefined || !equalBytes(enrollment.signed.header.instance, instance)) return UNPROVEN;
    verifyEnrollment(context.group, roster, enrollment);
  }
  const draft = known ?? learnVerified(context, enrollment);
  const stands = applyStale(draft, signed);
  if (known === undefined) draft.effect({ kind: "fetch", instance, seq: 0 });
  if (stands || known !== undefined) return draft.outcome();
  return { ...UNPROVEN, effects: [{ kind: "fetch", instance, seq: 0 }] };
}

/** Fork evidence from a peer: verified against my own roster chain, then as if I had found it. */
export function onEvidence(context: OracleContext, evidence: ForkEvidence): Outcome {
  const roster = context.roster(evidence.rosterHash);
  if (roster === undefined) return NOTHING;
  const { instance } = evidence.enrollment.signed.header;
  const known = InstanceDraft.load(context, instance);
  if (known !== undefined && known.record.status === "revoked" && proofOf(known)?.kind === "fork")
    return NOTHING;
  verifyEvidence(context.group, roster, evidence);
  const draft = known ?? learnVerified(context, evidence.enrollment);
  revokeByEvidence(draft, evidence);
  return draft.outcome();
}

function equivocationsKept({ view }: OracleContext, oracle: number): number {
  const counted = view.get(equivocationCounts, oracleKey(oracle));
  // A store from before there was a count.
  return counted?.kept ?? view.scan(equivocations, EQUIVOCATIONS_PER_ORACLE_MAX, oracleKey(oracle)).length;
}

/** Equivocation of another oracle: one kept per oracle and instance, a bounded number per oracle, told to everybody. */
export function onEquivocation(context: OracleContext, roster: Roster, evidence: Equivocation): Outcome {
  const { instance, oracle } = evidence.first.vote;
  const key = concatBytes(oracleKey(oracle), instance);
  if (context.view.get(equivocations, key) !== undefined) return NOTHING;
  // One convicts; a corrupt oracle can make them without end, also of instances that do not exist.
  const kept = equivocationsKept(context, oracle);
  if (kept >= EQUIVOCATIONS_PER_ORACLE_MAX) return NOTHING;
  verifyEquivocation(context.group, roster, evidence);
  return {
    mutations: [
      put(equivocations, key, evidence),
      put(equivocationCounts, oracleKey(oracle), { kept: kept + 1 }),
    ],
    effects: [
      { kind: "gossip", item: { kind: "equivocation", evidence } },
      { kind: "alert", code: "oracle.equivocation", instance },
    ],
  };
}

/** Takes over the operators' word on an instance, once it stands in the registry. */
export function onStanding(context: OracleContext, instance: Uint8Array): Outcome {
  const draft = InstanceDraft.load(context, instance);
  if (draft === undefined) return NOTHING;
  applyStanding(draft);
  return draft.outcome();
}
