import { equalBytes } from "../../bytes.ts";
import { IpseError } from "../../errors.ts";
import type { NamedHeader } from "../../wire/peer.ts";
import { type Body, bodyHash } from "../body.ts";
import type { CertifiedHeader } from "../certified.ts";
import { headerHash, type SignedHeader } from "../header.ts";
import { checkStep, follows, signaturesVerify } from "../step-check.ts";
import { adopt, certifiedVerifies } from "./adopt.ts";
import { castVote, repeatVote, selfOf, shareAt } from "./cast-vote.ts";
import { NOTHING, type OracleContext, type Outcome, refusal, refuse, UNPROVEN } from "./context.ts";
import { InstanceDraft } from "./draft.ts";
import { forkRow, proofOf, storeUndecided } from "./fork.ts";

export interface StepInput {
  readonly signed: SignedHeader;
  readonly body: Body;
  readonly parent: CertifiedHeader | undefined;
  /** A_i, opened by the edge; undefined: none came or it did not open. */
  readonly delta: Uint8Array | undefined;
}

/** Answers that this instance is not served, with what proves why. */
export function refuseStatus(draft: InstanceDraft): void {
  const { status, reason } = draft.record;
  draft.effect({
    kind: "reply",
    message: {
      kind: "refused",
      code: `ERR_INSTANCE_${status.toUpperCase()}`,
      message: reason ?? status,
      retryAfterMs: 0,
      proof: proofOf(draft),
    },
  });
}

/**
 * The certified parent of a header: what I hold, else what came along if it stands.
 * A certified parent that contradicts the one I hold is itself a fork.
 */
export function findParent(
  draft: InstanceDraft,
  signed: SignedHeader,
  along: CertifiedHeader | undefined,
): CertifiedHeader | undefined {
  const { header } = signed;
  const held = draft.certifiedAt(header.seq - 1);
  if (held !== undefined && follows(header, held.signed.header)) return held;
  if (along === undefined || !follows(header, along.signed.header) || !certifiedVerifies(draft, along))
    return undefined;
  if (held !== undefined) adopt(draft, along);
  return along;
}

/** STEP at the head or below it, with the hash that is certified there: idempotent. */
function repeatCertified(draft: InstanceDraft, input: StepInput, held: CertifiedHeader): void {
  const { header } = input.signed;
  const subject = { instance: draft.id, seq: header.seq, headerHash: headerHash(header) };
  if (header.seq < draft.headSeq || !equalBytes(header.bodyHash, bodyHash(input.body))) {
    draft.effect({ kind: "ordered", answer: { vote: undefined, qc: held.qc }, subject, messages: [] });
    return;
  }
  const { vote: mine } = draft.record;
  const voted = mine !== undefined && equalBytes(headerHash(mine.signed.header), subject.headerHash);
  const lacks = shareAt(draft, header.shareVersion) === undefined;
  let vote = voted ? repeatVote(draft, input.body, input.delta) : undefined;
  // The step is certified without me: voting for the certified header is still one vote per seq.
  if (!voted && lacks && input.delta !== undefined && mine === undefined && !selfOf(draft.context).fenced) {
    vote = castVote(draft, input.signed, input.body, input.delta);
  }
  const above = mine !== undefined && mine.signed.header.seq > header.seq;
  const signs = !above && shareAt(draft, header.shareVersion) !== undefined && !selfOf(draft.context).fenced;
  draft.effect({
    kind: "ordered",
    answer: { vote, qc: held.qc },
    subject,
    messages: signs ? input.body.messages : [],
  });
}

/** STEP at head+1: vote, or the same vote again. Everything before has been checked. */
function orderNext(draft: InstanceDraft, input: StepInput, parent: CertifiedHeader): Outcome {
  const { signed, body } = input;
  const subject = { instance: draft.id, seq: signed.header.seq, headerHash: headerHash(signed.header) };
  if (selfOf(draft.context).fenced) {
    storeUndecided(draft, { signed, parent });
    draft.effect(refusal("ERR_ORACLE_FENCED", "this oracle was rolled back and does not vote"));
    return draft.outcome();
  }
  const { vote: mine } = draft.record;
  if (mine !== undefined && mine.signed.header.seq === signed.header.seq) {
    if (!equalBytes(signed.header.bodyHash, bodyHash(body)))
      return refuse("ERR_STEP_BODY", "not the body the header names");
    const vote = repeatVote(draft, body, input.delta);
    const signs = vote?.vote.shareOk === true;
    draft.effect({
      kind: "ordered",
      answer: { vote, qc: undefined },
      subject,
      messages: signs ? body.messages : [],
    });
    return draft.outcome();
  }
  try {
    checkStep(draft.context.group, signed.header, body, parent.signed.header, draft.constants);
  } catch (error) {
    if (error instanceof IpseError) return refuse(error.code, error.message);
    throw error;
  }
  const vote = castVote(draft, signed, body, input.delta);
  const messages = vote.vote.shareOk ? body.messages : [];
  draft.effect({ kind: "ordered", answer: { vote, qc: undefined }, subject, messages });
  return draft.outcome();
}

/** The rows of SPEC section 4, "Decision on STEP", in order. */
function decide(draft: InstanceDraft, input: StepInput, parent: CertifiedHeader): Outcome {
  const { signed } = input;
  const { seq } = signed.header;
  if (seq < draft.record.prunedBelow) {
    draft.effect({ kind: "alert", code: "step.beyond-retention", instance: draft.id });
    draft.effect(refusal("ERR_STEP_BEYOND_RETENTION", "older than what this oracle keeps"));
    return draft.outcome();
  }
  if (forkRow(draft, signed, parent)) {
    refuseStatus(draft);
    return draft.outcome();
  }
  if (seq > draft.headSeq + 1) adopt(draft, parent);
  const certified = draft.certifiedAt(seq);
  if (seq <= draft.headSeq && certified === undefined) {
    storeUndecided(draft, { signed, parent });
    draft.effect({ kind: "fetch", instance: draft.id, seq });
    draft.effect(refusal("ERR_STEP_UNDECIDED", "the certified step of that seq is being fetched", 500));
    return draft.outcome();
  }
  if (draft.record.status === "ended" && seq > draft.headSeq)
    return refuse("ERR_INSTANCE_ENDED", "the instance has ended");
  if (draft.record.status !== "active" && draft.record.status !== "ended") {
    if (seq === draft.headSeq + 1) storeUndecided(draft, { signed, parent });
    refuseStatus(draft);
    return draft.outcome();
  }
  if (certified !== undefined) {
    repeatCertified(draft, input, certified);
    return draft.outcome();
  }
  return orderNext(draft, input, parent);
}

/** Handles STEP of seq >= 1. Bad input leaves no state behind. */
export function onStep(context: OracleContext, input: StepInput): Outcome {
  const { signed } = input;
  const { header } = signed;
  if (header.seq === 0) return refuse("ERR_STEP_KIND", "seq 0 is ENROLL's");
  const draft = InstanceDraft.load(context, header.instance);
  if (draft === undefined) return refuse("ERR_INSTANCE_UNKNOWN", "no such instance here");
  const parent = findParent(draft, signed, input.parent);
  if (parent === undefined) {
    // What came along is not certified. A fork it may have uncovered (two certified parents) still counts.
    const found = draft.outcome();
    return {
      mutations: found.mutations,
      effects: [...found.effects, refusal("ERR_STEP_PARENT", "the parent is not certified")],
    };
  }
  const { evidenceKey } = draft.constants;
  if (!signaturesVerify(context.group, signed, parent.signed.header.nextChainKey, evidenceKey)) {
    return refuse("ERR_STEP_SIGNATURE", "the header's signatures do not verify");
  }
  return decide(draft, input, parent);
}

/**
 * Whether I hold this very header, no other of its seq, and the certified header that it follows: then there is nothing to
 * verify, and no fork in it.
 */
function holdsAlone(draft: InstanceDraft, { header }: SignedHeader): boolean {
  const held = draft.headersAt(header.seq);
  const same = held.every((one) => equalBytes(headerHash(one.header), headerHash(header)));
  if (held.length !== 1 || !same) return false;
  const parent = draft.certifiedAt(header.seq - 1);
  return parent !== undefined && follows(header, parent.signed.header);
}

/** What becomes of a peer's undecided header that is no news to me any more. */
function heard(draft: InstanceDraft, { header }: SignedHeader): Outcome {
  const certified = draft.certifiedAt(header.seq);
  if (certified !== undefined) {
    // The sender does not know that this header is certified: tell it.
    draft.effect({ kind: "answer-peer", item: { kind: "head", certified } });
    return draft.outcome();
  }
  draft.effect({ kind: "peer-waits", headerHash: headerHash(header) });
  if (header.seq <= draft.headSeq) draft.effect({ kind: "fetch", instance: draft.id, seq: header.seq });
  return draft.outcome();
}

/**
 * Handles what a peer says it holds undecided. Where I hold the very same header and nothing beside it there is nothing to
 * see; otherwise I ask to be shown it. A name proves nothing and changes nothing.
 */
export function onOpen(context: OracleContext, named: NamedHeader): Outcome {
  const { instance, seq } = named;
  if (seq === 0) return NOTHING;
  const draft = InstanceDraft.load(context, instance);
  if (draft === undefined) return { mutations: [], effects: [{ kind: "fetch", instance, seq: 0 }] };
  if (seq < draft.record.prunedBelow) return NOTHING;
  const mine = draft.headersAt(seq).find(({ header }) => equalBytes(headerHash(header), named.headerHash));
  if (mine !== undefined && holdsAlone(draft, mine)) return heard(draft, mine);
  draft.effect({ kind: "ask-peer", instance, seq });
  return draft.outcome();
}

/** Handles an undecided header from a peer: the FORK row, never a vote. */
export function onHeader(context: OracleContext, signed: SignedHeader, along: CertifiedHeader): Outcome {
  const { header } = signed;
  if (header.seq === 0) return NOTHING;
  const draft = InstanceDraft.load(context, header.instance);
  if (draft === undefined)
    return { mutations: [], effects: [{ kind: "fetch", instance: header.instance, seq: 0 }] };
  if (holdsAlone(draft, signed)) return heard(draft, signed);
  const parent = findParent(draft, signed, along);
  if (parent === undefined) return { ...draft.outcome(), unproven: true };
  if (header.seq < draft.record.prunedBelow) return draft.outcome();
  if (
    !signaturesVerify(context.group, signed, parent.signed.header.nextChainKey, draft.constants.evidenceKey)
  )
    return UNPROVEN;
  if (forkRow(draft, signed, parent)) return draft.outcome();
  if (header.seq > draft.headSeq + 1) adopt(draft, parent);
  const mine = draft.record.vote?.signed.header.seq === header.seq;
  if (!mine && draft.certifiedAt(header.seq) === undefined) storeUndecided(draft, { signed, parent });
  return heard(draft, signed);
}
