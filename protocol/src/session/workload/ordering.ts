import { equalBytes, zeroize } from "../../bytes.ts";
import { check } from "../../errors.ts";
import { rosterHash } from "../../registry/roster.ts";
import type { OracleMessage } from "../../wire/session.ts";
import { type Body, bodyHash, EMPTY_BODY, type Message } from "../body.ts";
import {
  chainInput,
  evidenceInput,
  type Header,
  headerHash,
  type SignedHeader,
  type StepKind,
} from "../header.ts";
import { checkStep } from "../step-check.ts";
import {
  assembleCertificate,
  type Certificate,
  type SignedVote,
  verifyCertificate,
  voteVerifies,
} from "../vote.ts";
import { pursueAll } from "./contact.ts";
import type { Live, PendingStep } from "./durable.ts";
import { dealRatchet, raiseBase, raisesNoBase } from "./ratcheting.ts";
import type { Turn } from "./turn.ts";

type Ordered = Extract<OracleMessage, { kind: "ordered" }>;

/** Signs a header with the chain key of its seq and with E. */
export function signHeader(
  turn: Turn,
  header: Header,
  chainSeed: Uint8Array,
  evidenceSeed: Uint8Array,
): SignedHeader {
  const { ed25519 } = turn.group;
  return {
    header,
    chainSignature: ed25519.sign(chainSeed, chainInput(header)),
    evidenceSignature: ed25519.sign(evidenceSeed, evidenceInput(header)),
  };
}

function nextHeader(turn: Turn, live: Live, kind: StepKind, body: Body, nextChainKey: Uint8Array): Header {
  const parent = live.head.signed.header;
  const ratchet = body.ratchet !== undefined;
  return {
    version: 1,
    rosterHash: rosterHash(turn.context.roster),
    instance: parent.instance,
    seq: parent.seq + 1,
    parent: headerHash(parent),
    kind,
    bodyHash: bodyHash(body),
    ratchet,
    shareVersion: parent.shareVersion + (ratchet ? 1 : 0),
    groupEpoch: parent.groupEpoch,
    identityKeyVersion: parent.identityKeyVersion,
    nextChainKey,
  };
}

/**
 * Makes the next step and its write-ahead record (P1): the host saves it before a
 * byte leaves. The vote check runs here first, so no step that correct oracles
 * would refuse is ever signed. Never called while a step is pending (R1).
 */
export function propose(
  turn: Turn,
  kind: StepKind,
  messages: readonly Message[],
  withRatchet: boolean,
): void {
  const live = turn.alive();
  check(live.pending === undefined, "ERR_INTERNAL", "a step is pending");
  const dealt = withRatchet ? dealRatchet(turn, live) : undefined;
  const chainSeed = turn.draw(32);
  const body: Body = { ...EMPTY_BODY, messages, ratchet: dealt?.part };
  const header = nextHeader(turn, live, kind, body, turn.group.ed25519.publicKey(chainSeed));
  checkStep(turn.group, header, body, live.head.signed.header, turn.constants);
  const signed = signHeader(turn, header, live.chainSeed, live.evidenceSeed);
  turn.change({ pending: { signed, body, chainSeed, ratchet: dealt?.secret, qc: undefined } });
  if (withRatchet) turn.memory.lastRatchetMs = turn.monotonicMs;
  forgetAnswers(turn);
  pursueAll(turn);
}

/** Votes and slots are about one step alone. */
export function forgetAnswers(turn: Turn): void {
  for (const view of turn.memory.oracles) {
    view.vote = undefined;
    view.slot = undefined;
    view.shareless = false;
    view.introduced = false;
  }
}

/** Whether a vote is by this oracle, for this header, and its signature is good. */
export function voteCounts(turn: Turn, oracle: number, signed: SignedVote, header: Header): boolean {
  const { vote } = signed;
  return (
    vote.oracle === oracle &&
    vote.seq === header.seq &&
    equalBytes(vote.instance, header.instance) &&
    equalBytes(vote.headerHash, headerHash(header)) &&
    equalBytes(vote.rosterHash, header.rosterHash) &&
    voteVerifies(turn.group, turn.context.roster, signed)
  );
}

function isAbout(qc: Certificate, header: Header): boolean {
  return qc.seq === header.seq && equalBytes(qc.headerHash, headerHash(header));
}

/** Attempts at signing before fresh slots are asked for at the back-off's pace only. */
const EAGER_ROUNDS = 3;

/** An oracle gave what it owed: whatever it owes next is asked for at once, unless signing keeps failing. */
function acceptAnswer(turn: Turn, oracle: number): void {
  if ((turn.memory.signing?.rounds ?? 0) >= EAGER_ROUNDS) return;
  const view = turn.view(oracle);
  view.tries = 0;
  view.nextTryMs = 0;
}

function takeVote(turn: Turn, oracle: number, signed: SignedVote, live: Live): boolean {
  const view = turn.view(oracle);
  const head = live.head.signed.header;
  const pending = live.pending?.signed.header;
  if (pending !== undefined && voteCounts(turn, oracle, signed, pending)) {
    const news = view.vote === undefined || (signed.vote.shareOk && !view.vote.vote.shareOk);
    if (news) acceptAnswer(turn, oracle);
    if (news) view.vote = signed;
    return true;
  }
  const lags = (live.lags[oracle - 1]?.base ?? 0) < head.shareVersion;
  if (lags && signed.vote.shareOk && voteCounts(turn, oracle, signed, head)) raiseBase(turn, oracle);
  return false;
}

/** A certificate for my pending step, made by whoever got there first, is as good as mine. */
function takeCertificate(turn: Turn, qc: Certificate, pending: PendingStep): boolean {
  const { header } = pending.signed;
  if (!isAbout(qc, header)) {
    if (qc.seq === header.seq)
      turn.event({ level: "error", event: "session.foreign-certificate", seq: qc.seq });
    return false;
  }
  if (pending.qc !== undefined) return true;
  verifyCertificate(turn.group, turn.context.roster, qc, header);
  turn.change({ pending: { ...pending, qc } }, raisesNoBase(turn.alive(), pending));
  return true;
}

/** The answer to STEP. Everything in it proves itself or is only tried (the slot). */
export function onOrdered(turn: Turn, oracle: number, answer: Ordered): void {
  const live = turn.alive();
  const voted = answer.vote !== undefined && takeVote(turn, oracle, answer.vote, live);
  const { pending } = turn.alive();
  const certified =
    answer.qc !== undefined && pending !== undefined && takeCertificate(turn, answer.qc, pending);
  if (!voted && !certified) return;
  const count = pending?.body.messages.length ?? 0;
  if (count === 0) return;
  const view = turn.view(oracle);
  view.shareless = answer.slot?.commitments.length !== count;
  if (view.shareless) return;
  const { slot } = answer;
  if (slot !== undefined && view.spent !== undefined && equalBytes(slot.slotId, view.spent)) return;
  view.slot = slot;
  acceptAnswer(turn, oracle);
}

/**
 * The certificate of the pending step, once q votes (for a ratchet: q with share_ok)
 * are here. One that raises an oracle's base is saved before anybody sees it: that
 * oracle erases its old share on W's word, and W must then name the new base.
 */
export function certify(turn: Turn): Certificate | undefined {
  const { pending } = turn.alive();
  if (pending === undefined) return undefined;
  const { quorum } = turn.context.roster;
  if (pending.qc !== undefined) return pending.qc;
  const votes = turn.memory.oracles.flatMap(({ vote }) => (vote === undefined ? [] : [vote]));
  const counted = pending.ratchet === undefined ? votes : votes.filter(({ vote }) => vote.shareOk);
  if (counted.length < quorum) return undefined;
  const qc = assembleCertificate(votes);
  turn.change({ pending: { ...pending, qc } }, raisesNoBase(turn.alive(), pending));
  return qc;
}

/** Wipes what the head's successor replaces: called with the certified step in the same save (P1). */
export function wipeReplaced(live: Live, pending: PendingStep): void {
  zeroize(live.chainSeed);
  if (pending.ratchet !== undefined) zeroize(live.share);
}
