import { zeroize } from "../../bytes.ts";
import { IpseError } from "../../errors.ts";
import { makeProof } from "../../frost/index.ts";
import type { Group, Scalar } from "../../group/group.ts";
import type { SignedTicket } from "../../registry/ticket.ts";
import { type OracleMessage, type ReserveRequest, reserveInput } from "../../wire/session.ts";
import { type EnrollBody, type EnrollClaims, enrollHeader, proofInput } from "../enroll.ts";
import { verifyEnrollment } from "../enroll-check.ts";
import { pursueAll } from "./contact.ts";
import type { DurableState, Enrolling } from "./durable.ts";
import { die } from "./ending.ts";
import type { Random } from "./entropy-pool.ts";
import { signHeader } from "./ordering.ts";
import type { Turn } from "./turn.ts";

type Reserved = Extract<OracleMessage, { kind: "reserved" }>;

/** What the join URI brings. */
export interface JoinTicket {
  readonly ticket: SignedTicket;
  readonly ticketSeed: Uint8Array;
}

/** Fresh keys for one attempt: E, the chain key of seq 1 and s_W. */
function newAttempt(group: Group, draw: Random, join: JoinTicket, use: number, attempt: number): Enrolling {
  const wide = draw(64);
  const share = group.scalarFromWide(wide);
  zeroize(wide);
  return {
    ticket: join.ticket,
    ticketSeed: join.ticketSeed.slice(),
    use,
    attempt,
    evidenceSeed: draw(32),
    chainSeed: draw(32),
    share,
    pending: undefined,
  };
}

/** The durable state of a workload that has only a ticket. Uses are tried from a random one, so that copies of one image spread out. */
export function joinState(group: Group, random: Random, join: JoinTicket, machine: string): DurableState {
  const [a = 0, b = 0] = random(2);
  const use = ((a * 256 + b) % join.ticket.ticket.uses) + 1;
  return { version: 1, machine, phase: { kind: "enrolling", ...newAttempt(group, random, join, use, 0) } };
}

/** The next oracle to ask for a reservation: in turn, those that are up and have not refused. */
function nextOwner(turn: Turn): number | undefined {
  const { memory, oracles } = turn;
  const refused = new Set(memory.reserveRefusals.map(({ oracle }) => oracle));
  for (let i = 0; i < oracles.length; i++) {
    const oracle = ((memory.reserveFrom + i) % oracles.length) + 1;
    if (turn.view(oracle).up && !refused.has(oracle)) return oracle;
  }
  return undefined;
}

/** Asks one oracle for one of its pool keys (SPEC section 3), signed under the ticket key; fails over on time-out. */
export function askReservation(turn: Turn): void {
  const { phase, memory } = turn;
  if (phase.kind !== "enrolling" || phase.pending !== undefined) return;
  const { reserveTimeoutMs, retryMsMax } = turn.context.settings;
  const rounds = Math.floor(memory.reserveTries / turn.oracles.length);
  const delayMs = Math.min(
    reserveTimeoutMs * 2 ** Math.min(rounds, 6),
    Math.max(reserveTimeoutMs, retryMsMax),
  );
  turn.timer("reserve", turn.jittered(delayMs));
  const oracle = nextOwner(turn);
  if (oracle === undefined) return;
  memory.reserveFrom = oracle;
  memory.reserveTries++;
  const request: ReserveRequest = {
    version: 1,
    ticket: phase.ticket,
    use: phase.use,
    evidenceKey: turn.group.ed25519.publicKey(phase.evidenceSeed),
  };
  const signature = turn.group.ed25519.sign(phase.ticketSeed, reserveInput(request));
  turn.send(oracle, { kind: "reserve", request, signature });
}

function makeBody(turn: Turn, phase: Enrolling, reserved: Reserved): EnrollBody {
  const { group } = turn;
  const share = phase.share as Scalar;
  const claims: EnrollClaims = {
    version: 1,
    ticket: phase.ticket,
    use: phase.use,
    workloadKey: group.baseMul(share),
    poolKey: reserved.poolKey,
    reservation: reserved.reservation,
    evidenceKey: group.ed25519.publicKey(phase.evidenceSeed),
    nextChainKey: group.ed25519.publicKey(phase.chainSeed),
  };
  const workloadKey = group.decodePoint(claims.workloadKey);
  const random = turn.draw(64);
  const proof = makeProof(group, share, workloadKey, proofInput(claims), random);
  zeroize(random);
  return { ...claims, proof };
}

/** A reservation came: check it with everything else an oracle will check, write ENROLL down, send it to all n. */
export function onReserved(turn: Turn, oracle: number, reserved: Reserved): void {
  const { phase } = turn;
  if (phase.kind !== "enrolling" || phase.pending !== undefined) return;
  const body = makeBody(turn, phase, reserved);
  const signed = signHeader(turn, enrollHeader(body), phase.ticketSeed, phase.evidenceSeed);
  try {
    verifyEnrollment(turn.group, turn.context.roster, { signed, body });
  } catch (error) {
    if (!(error instanceof IpseError)) throw error;
    turn.event({ level: "warn", event: "enroll.bad-reservation", oracle, code: error.code });
    return onReserveRefused(turn, oracle, error.code);
  }
  turn.become({ ...phase, pending: { signed, body } });
  pursueAll(turn);
}

/** The code that more than b oracles gave, or after all n the most frequent one. */
function agreedCode(
  turn: Turn,
  refusals: readonly { readonly code: string }[],
  all: boolean,
): string | undefined {
  const counts = new Map<string, number>();
  for (const { code } of refusals) counts.set(code, (counts.get(code) ?? 0) + 1);
  const [top] = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  if (top === undefined) return undefined;
  return all || top[1] > turn.context.roster.byzantineMax ? top[0] : undefined;
}

/** An oracle has no pool key to give just now: the next one, or later once all were asked. */
export function onReserveBusy(turn: Turn, retryAfterMs: number): void {
  const { phase, memory, oracles, context } = turn;
  if (phase.kind !== "enrolling" || phase.pending !== undefined) return;
  if (memory.reserveTries % oracles.length !== 0) return askReservation(turn);
  turn.timer("reserve", turn.jittered(Math.max(retryAfterMs, context.settings.retryMsMin)));
}

/** One oracle's word costs nothing but time: the next one is asked until more than b agree. */
export function onReserveRefused(turn: Turn, oracle: number, code: string): void {
  const { phase, memory } = turn;
  if (phase.kind !== "enrolling" || phase.pending !== undefined) return;
  if (memory.reserveRefusals.every((one) => one.oracle !== oracle))
    memory.reserveRefusals.push({ oracle, code });
  const refusals = memory.reserveRefusals;
  const agreed = agreedCode(turn, refusals, refusals.length === turn.oracles.length);
  if (agreed === undefined) return askReservation(turn);
  abandon(turn, agreed);
}

/** An oracle will not vote for this ENROLL. When too few are left for a quorum, it is abandoned. */
export function onEnrollRefused(turn: Turn, oracle: number, code: string): void {
  const { phase, context } = turn;
  if (phase.kind !== "enrolling" || phase.pending === undefined) return;
  turn.view(oracle).refusal = code;
  const refusals = turn.memory.oracles.flatMap(({ refusal }) =>
    refusal === undefined ? [] : [{ code: refusal }],
  );
  if (refusals.length <= context.roster.oracles.length - context.roster.quorum) return;
  abandon(turn, agreedCode(turn, refusals, true) ?? "ERR_ENROLL_REFUSED");
}

/**
 * Gives an attempt up with its keys; its use is spent (SPEC section 3). Another use
 * may do where this one was taken; where the ticket itself is refused, nothing will.
 */
function abandon(turn: Turn, code: string): void {
  const { phase, memory } = turn;
  if (phase.kind !== "enrolling") return;
  const { uses } = phase.ticket.ticket;
  const another = /^ERR_(TICKET_USED$|RESERVE_LIMIT$|POOL_|ENROLL_)/.test(code) && phase.attempt + 1 < uses;
  turn.event({ level: "warn", event: "enroll.abandoned", use: phase.use, code });
  if (!another) return die(turn, code);
  const next = newAttempt(turn.group, (n) => turn.draw(n), phase, (phase.use % uses) + 1, phase.attempt + 1);
  zeroize(phase.evidenceSeed, phase.chainSeed, phase.share, phase.ticketSeed);
  turn.become({ kind: "enrolling", ...next });
  memory.reserveRefusals = [];
  for (const view of memory.oracles) {
    view.vote = undefined;
    view.refusal = undefined;
  }
  askReservation(turn);
}
