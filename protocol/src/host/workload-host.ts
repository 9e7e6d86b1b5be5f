import { zeroize } from "../bytes.ts";
import { errorCode } from "../errors.ts";
import type { Message } from "../session/body.ts";
import {
  encodeState,
  type JoinTicket,
  type WorkloadContext,
  type WorkloadEffect,
  type WorkloadEvent,
  type WorkloadState,
  workloadStep,
} from "../session/workload/index.ts";
import type { OracleMessage } from "../wire/session.ts";
import type { SubmissionDone, WorkloadPorts, WorkloadSnapshot, WorkloadView } from "./workload-api.ts";
import { contextOf, openState } from "./workload-open.ts";

export type * from "./workload-api.ts";

/** A difference between wall time and monotonic time that only a restore, a pause or a set clock makes. */
const CLOCK_JUMP_MS = 5000;
/** Inputs that may wait for one save; beyond it messages are lost and submissions busy. */
const INBOX_MAX = 2048;

/**
 * Runs the workload machine: one input at a time, the state saved BEFORE the effects
 * of its step are delivered (P1), inputs that arrive meanwhile queued. Deterministic
 * given its ports.
 */
export class WorkloadHost {
  readonly #ports: WorkloadPorts;
  readonly #context: WorkloadContext;
  readonly #done = new Map<number, SubmissionDone>();
  readonly #timers = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  #state: WorkloadState;
  #inbox: WorkloadEvent[] = [];
  #outbox: readonly WorkloadEffect[] | undefined;
  #nextId = 1;
  #machine: string;
  #driftMs: number;
  #busy = false;
  #stopped = false;

  private constructor(ports: WorkloadPorts, state: WorkloadState, machine: string) {
    this.#ports = ports;
    this.#context = contextOf(ports);
    this.#state = state;
    this.#machine = machine;
    this.#driftMs = ports.clock.nowMs() - ports.clock.monotonicMs();
  }

  /**
   * Opens what the state file holds, or a new workload with this ticket where there is none.
   * Throws ERR_STATE_* (see decodeState), ERR_STATE_ROSTER, ERR_STATE_MISSING.
   */
  static open(ports: WorkloadPorts, machine: string, join?: JoinTicket): WorkloadHost {
    return new WorkloadHost(ports, openState(ports, machine, join), machine);
  }

  /** Continues a copied process. Callbacks of submissions are not part of a copy. */
  static resume(snapshot: WorkloadSnapshot, ports: WorkloadPorts): WorkloadHost {
    const host = new WorkloadHost(ports, snapshot.state, snapshot.machine);
    host.#inbox = [...snapshot.inbox];
    host.#outbox = snapshot.outbox;
    host.#nextId = snapshot.nextId;
    host.#driftMs = snapshot.driftMs;
    const nowMs = ports.clock.monotonicMs();
    for (const { name, dueMs } of snapshot.timers) host.#arm(name, Math.max(0, dueMs - nowMs));
    if (snapshot.outbox !== undefined) host.#save(snapshot.outbox);
    else host.#drain();
    return host;
  }

  /** The host's memory, NOT copied: structured-clone it at once. Nonces are never in it. */
  snapshot(): WorkloadSnapshot {
    return {
      state: this.#state,
      inbox: this.#inbox,
      outbox: this.#outbox,
      timers: [...this.#timers].map(([name, { dueMs }]) => ({ name, dueMs })),
      nextId: this.#nextId,
      machine: this.#machine,
      driftMs: this.#driftMs,
    };
  }

  get view(): WorkloadView {
    const { durable, memory } = this.#state;
    const { phase } = durable;
    const code = phase.kind === "dead" ? phase.code : undefined;
    const quarantined = memory.mode === "quarantined" ? "ERR_INSTANCE_QUARANTINED" : undefined;
    return { mode: memory.mode, code: code ?? quarantined, durable };
  }

  start(): void {
    this.#push({ type: "start", machine: this.#machine });
  }

  /** Ends without a word to anybody; the state file is as the last save left it. */
  stop(): void {
    this.#stopped = true;
    for (const { cancel } of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  oracleUp(oracle: number): void {
    this.#push({ type: "oracleUp", oracle });
  }

  oracleDown(oracle: number): void {
    this.#push({ type: "oracleDown", oracle });
  }

  receive(oracle: number, requestId: number, message: OracleMessage): void {
    if (this.#inbox.length < INBOX_MAX) this.#push({ type: "message", oracle, requestId, message });
  }

  /** Boot id or VM generation changed under us: safe start again before any further step. */
  continuityLost(machine: string): void {
    this.#machine = machine;
    this.#push({ type: "continuityLost", machine });
  }

  /** Signs messages as one unit of one step; `done` is called exactly once unless the process ends. */
  submit(messages: readonly Message[], done: SubmissionDone): number {
    const id = this.#register(done);
    if (this.#inbox.length < INBOX_MAX) this.#push({ type: "submit", id, messages });
    else this.#apply({ type: "result", id, outcome: { ok: false, code: "ERR_BUSY" } });
    return id;
  }

  /** Ends the instance for ever (END). */
  leave(done: SubmissionDone): void {
    const id = this.#register(done);
    this.#push({ type: "leave", id });
  }

  #register(done: SubmissionDone): number {
    const id = this.#nextId++;
    this.#done.set(id, done);
    return id;
  }

  #push(event: WorkloadEvent): void {
    if (this.#stopped) return;
    this.#inbox.push(event);
    this.#drain();
  }

  #drain(): void {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (!this.#stopped && this.#outbox === undefined) {
        const [first] = this.#inbox;
        if (first === undefined) break;
        if (this.#clockJumped()) this.#handle({ type: "continuityLost", machine: this.#machine });
        else this.#handle(this.#inbox.shift() ?? first);
      }
    } finally {
      this.#busy = false;
    }
  }

  #handle(event: WorkloadEvent): void {
    const { clock } = this.#ports;
    try {
      const input = { ...event, nowMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
      const { state, persist, effects } = workloadStep(this.#context, this.#state, input);
      this.#state = state;
      if (persist) this.#save(effects);
      else this.#deliver(effects);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A jump of the clock is how a pause or a restore looks from inside. */
  #clockJumped(): boolean {
    const { clock } = this.#ports;
    const driftMs = clock.nowMs() - clock.monotonicMs();
    const jumped = Math.abs(driftMs - this.#driftMs) > CLOCK_JUMP_MS;
    this.#driftMs = driftMs;
    return jumped;
  }

  #save(effects: readonly WorkloadEffect[]): void {
    const bytes = encodeState(this.#state.durable);
    this.#outbox = effects;
    this.#ports.stateFile.save(bytes, (error) => {
      zeroize(bytes);
      if (this.#stopped) return;
      if (error !== undefined) return this.#fail(error);
      this.#outbox = undefined;
      const jumped = this.#clockJumped();
      if (jumped) this.#inbox.unshift({ type: "continuityLost", machine: this.#machine });
      // What a restored copy would send at once waits for safe start; the machine owes it still.
      this.#deliver(jumped ? effects.filter(({ type }) => type !== "send") : effects);
      this.#drain();
    });
  }

  /** What effects bring about at once waits until all of them are delivered. */
  #deliver(effects: readonly WorkloadEffect[]): void {
    const busy = this.#busy;
    this.#busy = true;
    try {
      for (const effect of effects) this.#apply(effect);
    } finally {
      this.#busy = busy;
    }
  }

  #apply(effect: WorkloadEffect): void {
    switch (effect.type) {
      case "send":
        return this.#ports.links.send(effect.oracle, effect.requestId, effect.message, effect.delta);
      case "result": {
        const done = this.#done.get(effect.id);
        this.#done.delete(effect.id);
        return done?.(effect.outcome);
      }
      case "statusChanged":
        return this.#ports.onStatus?.(effect.mode, effect.code);
      case "timer":
        return this.#arm(effect.name, effect.delayMs);
      case "event":
        return this.#ports.events(effect.event);
    }
  }

  #arm(name: string, delayMs: number): void {
    const { clock, timers } = this.#ports;
    this.#timers.get(name)?.cancel();
    const cancel = timers.after(delayMs, () => {
      this.#timers.delete(name);
      this.#push({ type: "timer", name });
    });
    this.#timers.set(name, { dueMs: clock.monotonicMs() + delayMs, cancel });
  }

  #fail(error: unknown): void {
    this.stop();
    this.#ports.events({ level: "error", event: "workload.fatal", code: errorCode(error) });
    this.#ports.onFatal(error);
  }
}
