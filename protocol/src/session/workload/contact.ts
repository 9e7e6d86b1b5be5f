import { decode } from "../../encoding/index.ts";
import type { CertifiedHeader } from "../certified.ts";
import type { EnrollBody } from "../enroll.ts";
import { signedStaleNotice } from "../stale.ts";
import { certInput } from "../vote.ts";
import type { AgentRequest } from "./inputs.ts";
import type { Turn } from "./turn.ts";

/** CERT; where it is my durable head's, with my word that I hold it: then an oracle in it may erase older shares. */
export function certOf(turn: Turn, certified: CertifiedHeader, enrollment?: EnrollBody): AgentRequest {
  const { head, chainSeed } = turn.alive();
  const signature =
    certified.qc === head.qc ? turn.group.ed25519.sign(chainSeed, certInput(certified.qc)) : undefined;
  return { kind: "cert", certified, enrollment, signature };
}

interface Owed {
  readonly message: AgentRequest;
  readonly delta?: Uint8Array | undefined;
}

function wantsStep(turn: Turn, oracle: number): boolean {
  const { signing, passengers } = turn.memory;
  const pending = turn.live?.pending;
  const { vote, slot } = turn.view(oracle);
  if (pending === undefined) return false;
  if (pending.qc === undefined)
    return vote === undefined || (pending.ratchet !== undefined && !vote.vote.shareOk);
  const unsigned = signing !== undefined && signing.attempt === undefined && passengers.length > 0;
  return unsigned && slot === undefined && !signing.excluded.has(oracle);
}

/** What this oracle is to be sent until it has answered; undefined when nothing is outstanding. */
function owed(turn: Turn, oracle: number): Owed | undefined {
  const { phase, memory } = turn;
  const view = turn.view(oracle);
  if (phase.kind === "dead") {
    if (phase.code !== "ERR_INSTANCE_STALE" || view.acknowledged) return undefined;
    return { message: { kind: "stale", ...decode(signedStaleNotice, phase.proof) } };
  }
  if (phase.kind === "enrolling") {
    if (phase.pending === undefined || view.vote !== undefined || view.refusal !== undefined)
      return undefined;
    return { message: { kind: "enroll", ...phase.pending } };
  }
  if (memory.round !== undefined) {
    const { challenge, answers } = memory.round;
    if (answers.some((answer) => answer.oracle === oracle)) return undefined;
    return { message: { kind: "status", instance: turn.constants.instance, challenge } };
  }
  if (memory.mode === "ending") {
    if (view.acknowledged) return undefined;
    return { message: certOf(turn, phase.head) };
  }
  if (memory.mode !== "running" || phase.pending === undefined || !wantsStep(turn, oracle)) return undefined;
  const { signed, body, ratchet } = phase.pending;
  const delta = view.vote?.vote.shareOk === true ? undefined : ratchet?.deltas[oracle - 1];
  // Who answered the parent's COMMIT holds it; should that be lost, the next try brings it.
  const holdsParent = view.tries === 0 && view.committed === phase.head.signed.header.seq;
  const parent = holdsParent ? undefined : phase.head;
  return { message: { kind: "step", signed, body, parent, sealedDelta: undefined }, delta };
}

/**
 * Sends an oracle what it is owed, again and again with a growing, jittered delay
 * until it has answered. The bytes are the same each time (R1); only their rate is
 * bounded, never their number. `afterMs` is the oracle's own wish (BUSY).
 */
export function pursue(turn: Turn, oracle: number, now = false): void {
  const view = turn.view(oracle);
  if (!view.up) return;
  const next = owed(turn, oracle);
  if (next === undefined) return;
  const { retryMsMin, retryMsMax } = turn.context.settings;
  const waitMs = now ? 0 : view.nextTryMs - turn.monotonicMs;
  if (waitMs > 0) return turn.timer(`retry:${oracle}`, waitMs);
  const delayMs = turn.jittered(Math.min(retryMsMax, retryMsMin * 2 ** Math.min(view.tries, 10)));
  view.tries++;
  view.nextTryMs = turn.monotonicMs + delayMs;
  turn.timer(`retry:${oracle}`, delayMs);
  turn.send(oracle, next.message, next.delta);
}

/** Puts an oracle off: it is busy. */
export function putOff(turn: Turn, oracle: number, afterMs: number): void {
  const view = turn.view(oracle);
  const delayMs = turn.jittered(Math.max(afterMs, turn.context.settings.retryMsMin));
  view.nextTryMs = turn.monotonicMs + delayMs;
  turn.timer(`retry:${oracle}`, delayMs);
}

/** Something new is owed: to everybody, at once. */
export function pursueAll(turn: Turn): void {
  for (const oracle of turn.oracles) {
    turn.view(oracle).tries = 0;
    pursue(turn, oracle, true);
  }
}

/** Tells an oracle that does not know the instance about it: ENROLL with its certificate, then the head. */
export function introduce(turn: Turn, oracle: number): void {
  const view = turn.view(oracle);
  const { live } = turn;
  if (live === undefined || view.introduced) return;
  view.introduced = true;
  const { signed, body } = live.enrollment;
  turn.send(oracle, certOf(turn, { signed, qc: live.enrollQc }, body));
  if (live.head.signed.header.seq > 0) turn.send(oracle, certOf(turn, live.head));
  pursue(turn, oracle, true);
}

/** CERT to all at once (SPEC section 4: steps without messages have no round 2). */
export function sendCertificate(turn: Turn): void {
  const { head, enrollment } = turn.alive();
  const seqZero = head.signed.header.seq === 0;
  for (const oracle of turn.oracles) {
    turn.send(oracle, certOf(turn, head, seqZero ? enrollment.body : undefined));
  }
}
