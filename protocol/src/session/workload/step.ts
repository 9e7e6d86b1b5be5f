import { equalBytes } from "../../bytes.ts";
import { IpseError } from "../../errors.ts";
import type { OracleMessage } from "../../wire/session.ts";
import { advance } from "./advance.ts";
import { introduce, pursue, putOff } from "./contact.ts";
import { die } from "./ending.ts";
import { askReservation, onEnrollRefused, onReserveBusy, onReserved, onReserveRefused } from "./enroll.ts";
import { onEnrollOrdered } from "./enrolled.ts";
import { stir } from "./entropy-pool.ts";
import type { WorkloadEffect, WorkloadInput } from "./inputs.ts";
import { onOrdered } from "./ordering.ts";
import { takeProof } from "./refusals.ts";
import { armDeadline, expire, submit } from "./requests.ts";
import { judge, onStatus } from "./safe-start.ts";
import { conclude, onShares, silent } from "./signing-shares.ts";
import type { OpenRequest, WorkloadState } from "./state.ts";
import { beginRound } from "./status-round.ts";
import { Turn, type WorkloadContext } from "./turn.ts";

export interface WorkloadStep {
  /** The same object, changed in place: earlier states are gone, secrets included. */
  readonly state: WorkloadState;
  /** The durable part must be saved before any effect is delivered (P1). */
  readonly persist: boolean;
  readonly effects: readonly WorkloadEffect[];
}

function start(turn: Turn, machine: string): void {
  const { phase, memory } = turn;
  if (turn.state.durable.machine !== machine) turn.state.durable = { ...turn.state.durable, machine };
  if (phase.kind === "dead") return turn.enter("dead", phase.code);
  if (phase.kind === "enrolling") {
    // Keys that no oracle has seen cannot have been copied into a session.
    memory.continuous = phase.pending === undefined;
    turn.become(phase);
    return askReservation(turn);
  }
  if (phase.head.signed.header.kind === "end") return turn.enter("ending");
  beginRound(turn);
}

function continuityLost(turn: Turn, machine: string): void {
  turn.state.durable = { ...turn.state.durable, machine };
  turn.memory.continuous = false;
  turn.event({ level: "warn", event: "session.continuity-lost" });
  const { mode } = turn.memory;
  if (mode === "running" || mode === "checking" || mode === "quarantined") beginRound(turn);
}

function oracleUp(turn: Turn, oracle: number): void {
  const view = turn.view(oracle);
  view.up = true;
  view.tries = 0;
  view.introduced = false;
  view.committed = -1;
  pursue(turn, oracle, true);
  const { phase } = turn;
  const waiting = [...turn.memory.requests.values()].some(({ about }) => about === "reserve");
  if (phase.kind === "enrolling" && phase.pending === undefined && !waiting) askReservation(turn);
}

function oracleDown(turn: Turn, oracle: number): void {
  const { memory } = turn;
  const view = turn.view(oracle);
  view.up = false;
  view.slot = undefined;
  view.shareless = false;
  for (const [id, open] of memory.requests) if (open.oracle === oracle) memory.requests.delete(id);
  failSigner(turn, oracle);
}

/** A chosen signer will not answer: the attempt cannot succeed, try with others at once. */
function failSigner(turn: Turn, oracle: number): void {
  const { signing } = turn.memory;
  const pending = turn.live?.pending;
  if (signing === undefined || pending === undefined || !silent(signing).includes(oracle)) return;
  conclude(turn, pending, signing, [oracle]);
  advance(turn);
}

function onRefused(
  turn: Turn,
  oracle: number,
  refused: Extract<OracleMessage, { kind: "refused" }>,
  open: OpenRequest | undefined,
): void {
  const { code, retryAfterMs } = refused;
  if (refused.proof !== undefined) takeProof(turn, oracle, refused.proof);
  if (open === undefined || turn.phase.kind === "dead") return;
  turn.event({ level: "debug", event: "oracle.refused", oracle, about: open.about, code });
  if (open.about === "reserve") {
    return retryAfterMs > 0 ? onReserveBusy(turn, retryAfterMs) : onReserveRefused(turn, oracle, code);
  }
  if (retryAfterMs > 0) putOff(turn, oracle, retryAfterMs);
  if (open.about === "enroll" && retryAfterMs === 0) return onEnrollRefused(turn, oracle, code);
  if (code === "ERR_INSTANCE_UNKNOWN") introduce(turn, oracle);
  // It has lost the parent that the first try left out; any other try brought it.
  if (code === "ERR_STEP_PARENT" && turn.view(oracle).tries === 1) pursue(turn, oracle, true);
  if (open.about === "commit") failSigner(turn, oracle);
}

function acknowledged(turn: Turn, oracle: number): void {
  const { memory } = turn;
  turn.view(oracle).acknowledged = true;
  const count = memory.oracles.filter((view) => view.acknowledged).length;
  if (memory.mode !== "ending" || count < turn.context.roster.quorum) return;
  const { seq } = turn.alive().head.signed.header;
  if (memory.leave !== undefined) turn.result(memory.leave.id, { ok: true, seq, outcomes: [] });
  memory.leave = undefined;
  die(turn, "ERR_INSTANCE_ENDED");
}

function onCertAck(turn: Turn, oracle: number, ack: Extract<OracleMessage, { kind: "certAck" }>): void {
  stir(turn.memory.pool, ack.salt);
  const { live } = turn;
  if (live === undefined || turn.memory.mode !== "ending") return;
  const { seq, instance } = live.head.signed.header;
  if (ack.seq === seq && equalBytes(ack.instance, instance)) acknowledged(turn, oracle);
}

function onSigningAnswer(
  turn: Turn,
  oracle: number,
  answer: Extract<OracleMessage, { kind: "shares" }>,
  open: OpenRequest | undefined,
): void {
  const { signing } = turn.memory;
  const pending = turn.live?.pending;
  if (signing === undefined || pending === undefined) return;
  // An oracle may show one live slot twice, so that two attempts name it: z_i for the lists of the earlier COMMIT
  // would convict an honest oracle under those of the later one.
  if (open?.about !== "commit") return;
  if (onShares(turn, oracle, pending, signing, answer)) conclude(turn, pending, signing, []);
  advance(turn);
}

function onMessage(turn: Turn, oracle: number, requestId: number, message: OracleMessage): void {
  const { memory, phase } = turn;
  const view = turn.view(oracle);
  const found = memory.requests.get(requestId);
  const open = found?.oracle === oracle ? found : undefined;
  if (open !== undefined) {
    memory.requests.delete(requestId);
    const took = turn.monotonicMs - open.sentMs;
    view.latencyMs = view.latencyMs === 0 ? took : view.latencyMs * 0.8 + took * 0.2;
  }
  switch (message.kind) {
    case "hello":
      return;
    case "reserved":
      return onReserved(turn, oracle, message);
    case "ordered":
      stir(memory.pool, message.salt);
      if (phase.kind === "enrolling") return onEnrollOrdered(turn, oracle, message);
      if (phase.kind === "live") onOrdered(turn, oracle, message);
      return advance(turn);
    case "shares":
      return onSigningAnswer(turn, oracle, message, open);
    case "certAck":
      return onCertAck(turn, oracle, message);
    case "status":
      return onStatus(turn, oracle, message);
    case "noted":
      view.acknowledged = phase.kind === "dead";
      return;
    case "refused":
      return onRefused(turn, oracle, message, open);
  }
}

function leave(turn: Turn, id: number): void {
  const { memory, phase } = turn;
  const refuse = (code: string): void => turn.result(id, { ok: false, code });
  if (phase.kind === "dead") return refuse(phase.code);
  if (phase.kind === "enrolling") return refuse("ERR_INSTANCE_ENROLLING");
  if (memory.mode === "quarantined") return refuse("ERR_INSTANCE_QUARANTINED");
  if (memory.leave !== undefined) return refuse("ERR_BUSY");
  memory.leave = { id, deadlineMs: turn.monotonicMs + turn.context.settings.requestTimeoutMs };
  armDeadline(turn);
  advance(turn);
}

function onTimer(turn: Turn, name: string): void {
  const { memory } = turn;
  const pending = turn.live?.pending;
  if (name.startsWith("retry:")) return pursue(turn, Number(name.slice("retry:".length)), true);
  switch (name) {
    case "reserve":
      return askReservation(turn);
    case "grace":
      return judge(turn);
    case "poll":
      return memory.mode === "quarantined" ? beginRound(turn) : undefined;
    case "heartbeat":
      memory.heartbeatDue = true;
      return advance(turn);
    case "signing":
      if (memory.signing?.attempt === undefined || pending === undefined) return;
      conclude(turn, pending, memory.signing, silent(memory.signing));
      return advance(turn);
    case "requests":
      return expire(turn) ? advance(turn) : undefined;
    default:
      return advance(turn);
  }
}

function handle(turn: Turn, input: WorkloadInput): void {
  switch (input.type) {
    case "start":
      return start(turn, input.machine);
    case "continuityLost":
      return continuityLost(turn, input.machine);
    case "oracleUp":
      return oracleUp(turn, input.oracle);
    case "oracleDown":
      return oracleDown(turn, input.oracle);
    case "submit":
      submit(turn, input.id, input.messages);
      return advance(turn);
    case "leave":
      return leave(turn, input.id);
    case "timer":
      return onTimer(turn, input.name);
    case "message":
      try {
        return onMessage(turn, input.oracle, input.requestId, input.message);
      } catch (error) {
        if (!(error instanceof IpseError) || error.code === "ERR_INTERNAL") throw error;
        return turn.event({
          level: "warn",
          event: "oracle.disbelieved",
          oracle: input.oracle,
          code: error.code,
        });
      }
  }
}

/** The workload machine (SPEC sections 3 to 6 and 8): one input, the new state, what comes of it. */
export function workloadStep(
  context: WorkloadContext,
  state: WorkloadState,
  input: WorkloadInput,
): WorkloadStep {
  const turn = new Turn(context, state, input);
  handle(turn, input);
  return { state: turn.state, persist: turn.persist, effects: turn.effects };
}
