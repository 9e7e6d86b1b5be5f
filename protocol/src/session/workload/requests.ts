import { MESSAGE_BYTES_MAX, STEP_MESSAGE_BYTES_MAX, STEP_MESSAGES_MAX } from "../../limits.ts";
import type { Message } from "../body.ts";
import type { MessageOutcome } from "./inputs.ts";
import type { Passenger, Submission } from "./state.ts";
import type { Turn } from "./turn.ts";

function bytesOf(messages: readonly Message[]): number {
  return messages.reduce((sum, { payload }) => sum + payload.length, 0);
}

function fits(messages: readonly Message[]): boolean {
  const few = messages.length >= 1 && messages.length <= STEP_MESSAGES_MAX;
  const small = messages.every(({ payload }) => payload.length <= MESSAGE_BYTES_MAX);
  return few && small && bytesOf(messages) <= STEP_MESSAGE_BYTES_MAX;
}

/** Why nothing can be asked now; undefined when it can. */
function obstacle(turn: Turn): string | undefined {
  const { phase, memory } = turn;
  if (phase.kind === "dead") return phase.code;
  if (memory.mode === "quarantined") return "ERR_INSTANCE_QUARANTINED";
  if (memory.mode === "ending" || memory.leave !== undefined) return "ERR_INSTANCE_ENDED";
  return undefined;
}

/** Queues a submission, or refuses it with a code. */
export function submit(turn: Turn, id: number, messages: readonly Message[]): void {
  const { settings } = turn.context;
  const { queue } = turn.memory;
  const refuse = (code: string): void => turn.result(id, { ok: false, code });
  const code = obstacle(turn);
  if (code !== undefined) return refuse(code);
  if (!fits(messages)) return refuse("ERR_MESSAGE_SIZE");
  const waiting = queue.flatMap((one) => one.messages);
  const full =
    waiting.length + messages.length > settings.queueMessagesMax ||
    bytesOf(waiting) + bytesOf(messages) > settings.queueBytesMax;
  if (full) return refuse("ERR_BUSY");
  queue.push({ id, messages, deadlineMs: turn.monotonicMs + settings.requestTimeoutMs });
  if (queue.length === 1) armDeadline(turn);
}

/** Takes as many whole submissions off the queue as one step carries. */
export function board(turn: Turn): Message[] {
  const { memory } = turn;
  const messages: Message[] = [];
  const passengers: Passenger[] = [];
  let [next] = memory.queue;
  while (next !== undefined && fits([...messages, ...next.messages])) {
    passengers.push({ submission: next, first: messages.length });
    messages.push(...next.messages);
    memory.queue.shift();
    [next] = memory.queue;
  }
  memory.passengers = passengers;
  return messages;
}

/** Everybody leaves the step unsigned and is the first to board the next one, which carries a ratchet. */
export function changeStep(turn: Turn): void {
  const { memory } = turn;
  memory.queue = [...memory.passengers.map(({ submission }) => submission), ...memory.queue];
  memory.passengers = [];
  memory.heartbeatDue = true;
}

/** Delivers every submission of the step whose messages all have an outcome. */
export function deliver(turn: Turn, outcomes: readonly (MessageOutcome | undefined)[], seq: number): void {
  turn.memory.passengers = turn.memory.passengers.filter(({ submission, first }) => {
    const own = outcomes.slice(first, first + submission.messages.length);
    const settled = own.filter((outcome) => outcome !== undefined);
    if (settled.length < submission.messages.length) return true;
    turn.result(submission.id, { ok: true, seq, outcomes: settled });
    return false;
  });
}

/** Fails everything that waits. */
export function failAll(turn: Turn, code: string): void {
  const { memory } = turn;
  const waiting = [...memory.passengers.map(({ submission }) => submission), ...memory.queue];
  memory.passengers = [];
  memory.queue = [];
  for (const { id } of waiting) turn.result(id, { ok: false, code });
  if (memory.leave !== undefined && code !== "ERR_INSTANCE_ENDED")
    turn.result(memory.leave.id, { ok: false, code });
  if (code !== "ERR_INSTANCE_ENDED") memory.leave = undefined;
}

/** Fails what waits in the queue alone: the step under way is finished first. */
export function failQueue(turn: Turn, code: string): void {
  for (const { id } of turn.memory.queue) turn.result(id, { ok: false, code });
  turn.memory.queue = [];
}

export function armDeadline(turn: Turn): void {
  const { queue, passengers, leave } = turn.memory;
  const deadlines = [...queue, ...passengers.map(({ submission }) => submission)].map(
    (one) => one.deadlineMs,
  );
  if (leave !== undefined) deadlines.push(leave.deadlineMs);
  const next = Math.min(...deadlines);
  if (Number.isFinite(next)) turn.timer("requests", next - turn.monotonicMs);
}

/**
 * Fails what waited too long: fewer than q oracles answered in time. The pending
 * step stays and is finished later; true when nobody waits for its signatures any more.
 */
export function expire(turn: Turn): boolean {
  const { memory } = turn;
  const late = (one: Submission): boolean => one.deadlineMs <= turn.monotonicMs;
  const waiting = [...memory.passengers.map(({ submission }) => submission), ...memory.queue];
  for (const { id } of waiting.filter(late)) turn.result(id, { ok: false, code: "ERR_QUORUM_UNREACHABLE" });
  const before = memory.passengers.length;
  memory.queue = memory.queue.filter((one) => !late(one));
  memory.passengers = memory.passengers.filter(({ submission }) => !late(submission));
  if (memory.leave !== undefined && memory.leave.deadlineMs <= turn.monotonicMs) {
    turn.result(memory.leave.id, { ok: false, code: "ERR_QUORUM_UNREACHABLE" });
    memory.leave = { id: 0, deadlineMs: Number.POSITIVE_INFINITY };
  }
  armDeadline(turn);
  return before > 0 && memory.passengers.length === 0;
}
