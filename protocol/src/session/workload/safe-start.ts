import { equalBytes } from "../../bytes.ts";
import { encode } from "../../encoding/index.ts";
import { rosterHash, voteKeyOf } from "../../registry/roster.ts";
import type { OracleMessage } from "../../wire/session.ts";
import type { AheadHeader, CertifiedHeader } from "../certified.ts";
import { evidenceInput, type Header, headerHash, type SignedHeader } from "../header.ts";
import { type StaleNotice, signedStaleNotice, staleInput } from "../stale.ts";
import { statusInput } from "../status.ts";
import { follows, signaturesVerify } from "../step-check.ts";
import { verifyCertificate } from "../vote.ts";
import { enterRunning, finish } from "./advance.ts";
import { certOf, introduce, pursueAll } from "./contact.ts";
import { die } from "./ending.ts";
import { raisesNoBase } from "./ratcheting.ts";
import { quarantine, takeProof, voidProof } from "./refusals.ts";
import type { CheckedStatus } from "./state.ts";
import type { Turn } from "./turn.ts";

type Status = Extract<OracleMessage, { kind: "status" }>;

function sameHeader(one: Header, other: Header): boolean {
  return equalBytes(headerHash(one), headerHash(other));
}

/**
 * Whether a shown head proves itself: it is of this instance, under E and certified, and right above what W
 * knows it is under the announced chain key as well, so that the notice it may lead to stands with everybody.
 */
function headStands(turn: Turn, { signed, qc }: CertifiedHeader): boolean {
  const { group, context, constants } = turn;
  const { header } = signed;
  if (!equalBytes(header.instance, constants.instance)) return false;
  verifyCertificate(group, context.roster, qc, header);
  const { head, pending } = turn.alive();
  const above = [head.signed.header, ...(pending === undefined ? [] : [pending.signed.header])].find(
    (known) => follows(header, known),
  );
  const { evidenceKey } = constants;
  return above === undefined
    ? group.ed25519.verify(evidenceKey, evidenceInput(header), signed.evidenceSignature)
    : signaturesVerify(group, signed, above.nextChainKey, evidenceKey);
}

/** Takes one answer to STATUS; what does not prove itself is dropped with the answer (SPEC section 8). */
export function onStatus(turn: Turn, oracle: number, message: Status): void {
  const { round } = turn.memory;
  if (turn.live === undefined || round === undefined) return;
  const { answer, signature } = message;
  const { group, context, constants } = turn;
  const key = voteKeyOf(context.roster, oracle);
  const ours =
    answer.oracle === oracle &&
    equalBytes(answer.instance, constants.instance) &&
    equalBytes(answer.challenge, round.challenge) &&
    key !== undefined &&
    group.ed25519.verify(key, statusInput(answer), signature);
  if (!ours || round.answers.some((known) => known.oracle === oracle)) return;
  const { head, status, release, above } = answer;
  if (head !== undefined && !headStands(turn, head)) return;
  round.answers.push({ oracle, status, release, head, above });
  if (message.proof !== undefined) takeProof(turn, oracle, message.proof);
  if (turn.live === undefined) return;
  const { oracles, quorum } = context.roster;
  if (round.answers.length === oracles.length) return judge(turn);
  if (round.answers.length === quorum) turn.timer("grace", context.settings.graceMs);
}

/** Headers above `top` under the keys that `top` announced and E, other than `mine`. */
function directlyAbove(
  turn: Turn,
  answers: readonly CheckedStatus[],
  top: Header,
  mine: Header | undefined,
): SignedHeader | undefined {
  const candidates = answers.flatMap(({ head, above }) =>
    head === undefined ? above : [head.signed, ...above],
  );
  return candidates.find(({ header, chainSignature, evidenceSignature }) => {
    if (!follows(header, top) || (mine !== undefined && sameHeader(header, mine))) return false;
    const signed = { header, chainSignature, evidenceSignature };
    return signaturesVerify(turn.group, signed, top.nextChainKey, turn.constants.evidenceKey);
  });
}

/** A proven header ahead of W that W did not make. */
function findForeign(
  turn: Turn,
  answers: readonly CheckedStatus[],
  top: Header,
  mine: Header | undefined,
): AheadHeader | undefined {
  const heads = answers.flatMap(({ head }) => (head === undefined ? [] : [head]));
  const ahead = heads.find(({ signed: { header } }) => {
    return header.seq > top.seq && !(mine !== undefined && sameHeader(header, mine));
  });
  if (ahead !== undefined) return ahead;
  const signed = directlyAbove(turn, answers, top, mine);
  return signed === undefined ? undefined : { signed, qc: undefined };
}

/** Records W dead and tells all oracles: someone went on without me (SPEC section 8). */
function stale(turn: Turn, proof: AheadHeader, release: number): void {
  finish(turn);
  const live = turn.alive();
  const notice: StaleNotice = {
    version: 1,
    rosterHash: rosterHash(turn.context.roster),
    instance: turn.constants.instance,
    head: live.head,
    proof,
    release,
  };
  const signature = turn.group.ed25519.sign(live.chainSeed, staleInput(notice));
  turn.event({ level: "error", event: "session.stale", seq: live.head.signed.header.seq });
  die(turn, "ERR_INSTANCE_STALE", encode(signedStaleNotice, { notice, signature }));
  pursueAll(turn);
}

/** The release number that more than b oracles signed, or the operators' statement seen, whichever is newer. */
function releaseOf(turn: Turn, answers: readonly CheckedStatus[]): number {
  const sorted = answers.map(({ release }) => release).sort((a, b) => b - a);
  return Math.max(turn.alive().release, sorted[turn.context.roster.byzantineMax] ?? 0);
}

function bringUpToDate(turn: Turn, answers: readonly CheckedStatus[], head: CertifiedHeader): void {
  for (const { oracle, head: theirs } of answers) {
    if (theirs === undefined) introduce(turn, oracle);
    else if (theirs.signed.header.seq < head.signed.header.seq) {
      turn.send(oracle, certOf(turn, head));
    }
  }
}

/** Adopts a certificate for my pending step that an oracle showed; returns the newest header known certified. */
function adoptPending(turn: Turn, answers: readonly CheckedStatus[]): Header {
  const { head, pending } = turn.alive();
  if (pending === undefined) return head.signed.header;
  const { header } = pending.signed;
  const shown = answers.find(
    (answer) => answer.head !== undefined && sameHeader(answer.head.signed.header, header),
  );
  if (pending.qc === undefined && shown?.head !== undefined) {
    turn.change({ pending: { ...pending, qc: shown.head.qc } }, raisesNoBase(turn.alive(), pending));
  }
  return turn.alive().pending?.qc === undefined ? head.signed.header : header;
}

/** Nobody is ahead: go on, unless a proven suspension stands and no quorum calls the instance active. */
function goOn(turn: Turn, answers: readonly CheckedStatus[]): void {
  const { memory, context } = turn;
  bringUpToDate(turn, answers, turn.alive().head);
  const active = answers.filter(({ status }) => status === "active").length >= context.roster.quorum;
  if (memory.standing !== undefined && !active) {
    memory.continuous = true;
    return quarantine(turn);
  }
  if (active) voidProof(turn);
  memory.heartbeatDue = true;
  enterRunning(turn);
}

/** Judges a STATUS round with at least q answers (SPEC section 8). */
export function judge(turn: Turn): void {
  const { memory, context } = turn;
  const { round } = memory;
  if (turn.live === undefined || round === undefined || round.answers.length < context.roster.quorum) return;
  const { answers } = round;
  memory.round = undefined;
  const revoked = answers.filter(({ status }) => status === "revoked").length;
  if (revoked > context.roster.byzantineMax) return die(turn, "ERR_INSTANCE_REVOKED");
  const top = adoptPending(turn, answers);
  const { pending } = turn.alive();
  const mine = pending?.signed.header;
  const foreign = findForeign(turn, answers, top, mine);
  if (foreign === undefined) {
    // Somebody may stand on my pending step although nobody shows its certificate: finish it, then ask again.
    const onMine =
      mine !== undefined && !sameHeader(mine, top) && directlyAbove(turn, answers, mine, undefined);
    goOn(turn, answers);
    if (onMine !== false && onMine !== undefined && turn.live !== undefined) {
      memory.recheck = true;
      memory.continuous = false;
    }
    return;
  }
  if (!memory.continuous) return stale(turn, foreign, releaseOf(turn, answers));
  // Accuse: my own step against theirs is hard evidence; suspended oracles run FORK too.
  turn.event({ level: "error", event: "session.accuse", seq: top.seq });
  memory.heartbeatDue = true;
  enterRunning(turn);
}
