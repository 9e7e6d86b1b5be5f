import { pursueAll, sendCertificate } from "./contact.ts";
import { certify, forgetAnswers, propose, wipeReplaced } from "./ordering.ts";
import { ratchetDue, settleLags } from "./ratcheting.ts";
import { board, changeStep, deliver, failQueue } from "./requests.ts";
import { dropAttempt, firstOpen, isStranded, newSigning, trySigning } from "./signing.ts";
import { beginRound } from "./status-round.ts";
import type { Turn } from "./turn.ts";

export function armHeartbeat(turn: Turn): void {
  turn.timer("heartbeat", turn.jittered(turn.context.settings.heartbeatMs));
}

/** The next step, if there is a reason for one: END, waiting messages, a heartbeat. One in flight. */
function startNext(turn: Turn): void {
  const { memory } = turn;
  if (memory.leave !== undefined) {
    failQueue(turn, "ERR_INSTANCE_ENDED");
    return propose(turn, "end", [], false);
  }
  const messages = board(turn);
  if (messages.length === 0 && !memory.heartbeatDue) return;
  const ratchet = messages.length === 0 || memory.heartbeatDue || ratchetDue(turn);
  if (ratchet) memory.heartbeatDue = false;
  propose(turn, messages.length > 0 ? "sign" : "heartbeat", messages, ratchet);
}

/** Makes the certified step the head: certificate, new secrets and erasure are one save. */
export function finish(turn: Turn): void {
  const live = turn.alive();
  const { pending } = live;
  if (pending?.qc === undefined) return;
  const { memory } = turn;
  const signed = memory.signing !== undefined && firstOpen(memory.signing) === undefined;
  if (memory.signing !== undefined) dropAttempt(memory.signing);
  memory.signing = undefined;
  const lags = settleLags(turn, live, pending);
  wipeReplaced(live, pending);
  turn.change({
    head: { signed: pending.signed, qc: pending.qc },
    chainSeed: pending.chainSeed,
    share: pending.ratchet?.share ?? live.share,
    commitments: pending.body.ratchet?.commitments ?? live.commitments,
    lags,
    pending: undefined,
  });
  forgetAnswers(turn);
  if (pending.ratchet !== undefined) armHeartbeat(turn);
  if (pending.signed.header.kind === "end") {
    for (const view of memory.oracles) view.acknowledged = false;
    turn.enter("ending");
    return pursueAll(turn);
  }
  if (!signed) sendCertificate(turn);
}

/**
 * Moves the session on as far as it goes: certify the pending step, sign its messages
 * while somebody waits for them, make it the head, start the next one.
 */
export function advance(turn: Turn): void {
  const { memory } = turn;
  if (memory.mode !== "running" || turn.live === undefined) return;
  if (turn.alive().pending !== undefined) {
    if (certify(turn) === undefined) return;
    const { pending } = turn.alive();
    if (pending === undefined) return;
    if (memory.passengers.length > 0) {
      memory.signing ??= newSigning(pending.body.messages.length);
      const done = trySigning(turn, pending, memory.signing);
      deliver(turn, memory.signing.outcomes, pending.signed.header.seq);
      // The results leave at once; the save of the new head follows, together with the next step's.
      if (done) turn.timer("settle", 0);
      if (done || !isStranded(turn, pending, memory.signing)) return;
      changeStep(turn);
    }
    finish(turn);
    if (memory.recheck) {
      memory.recheck = false;
      return beginRound(turn);
    }
  }
  if (turn.live?.pending === undefined && memory.mode === "running") startNext(turn);
}

/** The oracles know where W stands, and W that it stands at the head. */
export function enterRunning(turn: Turn): void {
  turn.memory.continuous = true;
  turn.memory.polls = 0;
  turn.enter("running");
  pursueAll(turn);
  advance(turn);
}
