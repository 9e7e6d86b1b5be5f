import { concatBytes, equalBytes, utf8 } from "../../bytes.ts";
import { deriveKeyId } from "../../dkg/index.ts";
import { taggedHash } from "../../encoding/index.ts";
import { IpseError } from "../../errors.ts";
import { put, putOnce, remove } from "../../host/table.ts";
import { identityKid } from "../../policy/index.ts";
import { standingOf } from "../../registry/registry.ts";
import type { Roster } from "../../registry/roster.ts";
import type { CertifiedHeader } from "../certified.ts";
import type { EnrollBody, Enrollment } from "../enroll.ts";
import { constantsOf, verifyEnrollment } from "../enroll-check.ts";
import { headerHash } from "../header.ts";
import { verifyCertificate } from "../vote.ts";
import { adopt } from "./adopt.ts";
import { castVote, selfOf } from "./cast-vote.ts";
import { type OracleContext, type Outcome, refuse } from "./context.ts";
import { InstanceDraft } from "./draft.ts";
import { judgeTicket } from "./judge-ticket.ts";
import { refuseStatus } from "./on-step.ts";
import {
  enrollments,
  type InstanceRecord,
  instances,
  kidIndex,
  poolShares,
  poolUses,
  ticketUseKey,
  ticketUses,
  workloadIndex,
} from "./records.ts";

/** Key prefix of a workload's instances in the index. */
export function workloadPrefix(spiffeId: string): Uint8Array {
  return taggedHash("ipse/v1/workload-index", utf8(spiffeId));
}

/** What only the voting oracle can judge: time, revocation, what is used up. Throws ERR_TICKET_*, ERR_POOL_*, ERR_WORKLOAD_*. */
function judge(context: OracleContext, roster: Roster, body: EnrollBody): void {
  judgeTicket(context, roster, body.ticket, body.use);
  const keyId = deriveKeyId(body.poolKey);
  if (context.view.get(poolUses, keyId) !== undefined)
    throw new IpseError("ERR_POOL_KEY_USED", "the pool key is spent");
  if (context.view.get(poolShares, keyId) === undefined) {
    throw new IpseError("ERR_POOL_KEY_UNKNOWN", "this oracle holds no share of the pool key");
  }
}

/** The ENROLL that I voted a pool key to and that lost: the winner's certificate makes my share the winner's. */
function loserOf(context: OracleContext, keyId: Uint8Array): InstanceRecord | undefined {
  const loser = context.view.get(poolUses, keyId);
  const record = loser === undefined ? undefined : context.view.get(instances, loser.instance);
  return record !== undefined && record.head === undefined && record.shares.length > 0 ? record : undefined;
}

/** Makes the instance's records, spends the ticket use and the pool key; the share moves into the record. */
function create(context: OracleContext, enrollment: Enrollment, spend: typeof put): InstanceDraft {
  const { body } = enrollment;
  const constants = constantsOf(context.group, enrollment);
  const { instance: id, spiffeId } = constants;
  const keyId = deriveKeyId(body.poolKey);
  const loser = loserOf(context, keyId);
  const share =
    context.view.get(poolShares, keyId)?.share ?? loser?.shares.find(({ version }) => version === 0)?.share;
  const record: InstanceRecord = {
    version: 1,
    constants: { ...constants, rosterHash: enrollment.signed.header.rosterHash },
    status: "active",
    reason: undefined,
    release: 0,
    head: undefined,
    vote: undefined,
    shares: share === undefined ? [] : [{ version: 0, share }],
    undecided: [],
    prunedBelow: 0,
  };
  const draft = new InstanceDraft(context, id, record, true);
  draft.mutate(put(enrollments, id, enrollment));
  draft.mutate(spend(ticketUses, ticketUseKey(body.ticket.ticket.id, body.use), { instance: id }));
  draft.mutate(spend(poolUses, keyId, { instance: id }));
  draft.mutate(remove(poolShares, keyId));
  // The share moves: what stayed with the loser would outlive every ratchet.
  if (loser !== undefined) draft.mutate(put(instances, loser.constants.instance, { ...loser, shares: [] }));
  draft.mutate(put(kidIndex, identityKid(constants.identityKey), { instance: id }));
  draft.mutate(put(workloadIndex, concatBytes(workloadPrefix(spiffeId), id), { instance: id }));
  applyStanding(draft);
  return draft;
}

/** Takes over the operators' word on the instance: a revocation for ever, a quarantine unless released since. */
export function applyStanding(draft: InstanceDraft): void {
  const standing = standingOf(draft.context.view, draft.id);
  const { status, release } = draft.record;
  if (status === "revoked") return;
  const reason = standing.reason === undefined || standing.reason === "" ? "by an operator" : standing.reason;
  if (standing.status === "revoked") draft.change({ status: "revoked", reason });
  else if (status === "ended") return;
  else if (standing.status === "quarantined") draft.change({ status: "quarantined", reason });
  else if (standing.release > release) {
    const released = status === "quarantined";
    draft.change({ release: standing.release, ...(released ? { status: "active", reason: undefined } : {}) });
  }
  if (draft.record.status !== "active") draft.effect({ kind: "drop-slots", instance: draft.id });
}

function repeat(draft: InstanceDraft): Outcome {
  if (draft.record.status !== "active" && draft.record.status !== "ended") {
    refuseStatus(draft);
    return draft.outcome();
  }
  const certified = draft.certifiedAt(0);
  const { vote } = draft.record;
  const { fenced } = selfOf(draft.context);
  const mine = vote !== undefined && vote.signed.header.seq === 0 && !fenced ? vote.vote : undefined;
  if (certified === undefined && fenced)
    return refuse("ERR_ORACLE_FENCED", "this oracle was rolled back and does not vote");
  if (certified === undefined && mine === undefined)
    return refuse("ERR_STEP_UNDECIDED", "the ENROLL is not here", 500);
  const subject = {
    instance: draft.id,
    seq: 0,
    headerHash: (certified?.qc ?? mine?.vote)?.headerHash ?? new Uint8Array(32),
  };
  draft.effect({ kind: "ordered", answer: { vote: mine, qc: certified?.qc }, subject, messages: [] });
  return draft.outcome();
}

/** Handles ENROLL: the one kind an oracle judges before its vote (SPEC section 3). */
export function onEnroll(context: OracleContext, enrollment: Enrollment): Outcome {
  const known = InstanceDraft.load(context, enrollment.signed.header.instance);
  if (known !== undefined) return repeat(known);
  if (selfOf(context).fenced)
    return refuse("ERR_ORACLE_FENCED", "this oracle was rolled back and does not vote");
  const roster = context.roster(enrollment.signed.header.rosterHash);
  if (roster === undefined) return refuse("ERR_ROSTER_UNKNOWN", "an unknown roster");
  try {
    verifyEnrollment(context.group, roster, enrollment);
    judge(context, roster, enrollment.body);
  } catch (error) {
    if (!(error instanceof IpseError)) throw error;
    const refused = refuse(error.code, error.message);
    if (error.code !== "ERR_TICKET_USED" && error.code !== "ERR_POOL_KEY_USED") return refused;
    const { instance } = enrollment.signed.header;
    return {
      mutations: [],
      effects: [...refused.effects, { kind: "alert", code: "ticket.used-again", instance }],
    };
  }
  const draft = create(context, enrollment, putOnce);
  if (draft.record.status !== "active") {
    refuseStatus(draft);
    return { mutations: [], effects: draft.outcome().effects };
  }
  const vote = castVote(draft, enrollment.signed, undefined, undefined);
  const subject = { instance: draft.id, seq: 0, headerHash: headerHash(enrollment.signed.header) };
  draft.effect({ kind: "ordered", answer: { vote, qc: undefined }, subject, messages: [] });
  return draft.outcome();
}

/** Makes the records of an instance whose ENROLL was verified with the evidence against it. */
export function learnVerified(context: OracleContext, enrollment: Enrollment): InstanceDraft {
  return create(context, enrollment, put);
}

/**
 * Learns an instance from its certified ENROLL: a quorum has judged, so I do not.
 * A use or pool key that I voted to another ENROLL stays as it is here (the
 * certificate wins; the other one can never be certified).
 */
export function learnEnrollment(
  context: OracleContext,
  enrollment: Enrollment,
  certified: CertifiedHeader,
): InstanceDraft | undefined {
  const { header } = enrollment.signed;
  const known = InstanceDraft.load(context, header.instance);
  const roster = context.roster(header.rosterHash);
  if (roster === undefined || !equalBytes(headerHash(certified.signed.header), headerHash(header)))
    return undefined;
  if (known?.certifiedAt(0) !== undefined) return known;
  try {
    if (known === undefined) verifyEnrollment(context.group, roster, enrollment);
    verifyCertificate(context.group, roster, certified.qc, header);
  } catch (error) {
    if (error instanceof IpseError) return undefined;
    throw error;
  }
  const draft = known ?? create(context, enrollment, put);
  adopt(draft, { signed: draft.enrollment()?.signed ?? enrollment.signed, qc: certified.qc });
  return draft;
}
