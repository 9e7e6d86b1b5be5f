import { check } from "../../errors.ts";
import type { Group } from "../../group/group.ts";
import type { HostEvent } from "../../host/ports.ts";
import type { Roster } from "../../registry/roster.ts";
import { constantsOf, type InstanceConstants } from "../enroll-check.ts";
import type { Live, Phase } from "./durable.ts";
import { draw, type Random } from "./entropy-pool.ts";
import type { AgentRequest, Mode, SubmissionOutcome, WorkloadEffect, WorkloadInput } from "./inputs.ts";
import type { WorkloadSettings } from "./settings.ts";
import type { OracleView, WorkloadMemory, WorkloadState } from "./state.ts";

/** What never changes while a workload runs. */
export interface WorkloadContext {
  readonly group: Group;
  /** The roster the ticket pins, verified by the caller. */
  readonly roster: Roster;
  readonly settings: WorkloadSettings;
  /** Fresh kernel bytes. */
  readonly random: Random;
}

/** One step in the making: the state that changes, and what comes of it. */
export class Turn {
  readonly context: WorkloadContext;
  readonly state: WorkloadState;
  readonly nowMs: number;
  readonly monotonicMs: number;
  readonly effects: WorkloadEffect[] = [];
  persist = false;

  constructor(context: WorkloadContext, state: WorkloadState, input: WorkloadInput) {
    this.context = context;
    this.state = state;
    this.nowMs = input.nowMs;
    this.monotonicMs = input.monotonicMs;
  }

  get group(): Group {
    return this.context.group;
  }

  get memory(): WorkloadMemory {
    return this.state.memory;
  }

  get phase(): Phase {
    return this.state.durable.phase;
  }

  get live(): Live | undefined {
    const { phase } = this;
    return phase.kind === "live" ? phase : undefined;
  }

  /** The live phase where the caller knows that there is one. */
  alive(): Live {
    const { live } = this;
    check(live !== undefined, "ERR_INTERNAL", "the workload has no instance");
    return live;
  }

  get constants(): InstanceConstants {
    this.memory.constants ??= constantsOf(this.group, this.alive().enrollment);
    return this.memory.constants;
  }

  /** Replaces the durable phase; it is saved before any effect of this turn leaves (P1). */
  become(phase: Phase): void {
    this.state.durable = { ...this.state.durable, phase };
    this.persist = true;
  }

  /** Changes the live phase; saved now unless `lazily`, when losing the change in a crash is harmless. */
  change(fields: Partial<Live>, lazily = false): void {
    const saved = this.persist;
    this.become({ kind: "live", ...this.alive(), ...fields });
    if (lazily) this.persist = saved;
  }

  /** The view of an oracle. Throws ERR_INTERNAL when the roster has no such oracle. */
  view(oracle: number): OracleView {
    const view = this.memory.oracles[oracle - 1];
    check(view !== undefined, "ERR_INTERNAL", "no such oracle");
    return view;
  }

  /** Oracle ids 1..n. */
  get oracles(): readonly number[] {
    return this.context.roster.oracles.map(({ id }) => id);
  }

  /** Sends unless the oracle is away; what it missed is owed and sent when it is back. */
  send(oracle: number, message: AgentRequest, delta?: Uint8Array): void {
    if (!this.view(oracle).up) return;
    const { requests } = this.memory;
    const requestId = this.memory.nextRequestId;
    this.memory.nextRequestId = requestId >= 0xffff_fffe ? 1 : requestId + 1;
    for (const [id, open] of requests) {
      if (open.oracle === oracle && open.about === message.kind) requests.delete(id);
    }
    requests.set(requestId, { oracle, about: message.kind, sentMs: this.monotonicMs });
    this.effects.push({ type: "send", oracle, requestId, message, delta: delta?.slice() });
  }

  timer(name: string, delayMs: number): void {
    this.effects.push({ type: "timer", name, delayMs: Math.max(0, Math.ceil(delayMs)) });
  }

  result(id: number, outcome: SubmissionOutcome): void {
    this.effects.push({ type: "result", id, outcome });
  }

  event(event: HostEvent): void {
    this.effects.push({ type: "event", event });
  }

  enter(mode: Mode, code?: string): void {
    if (this.memory.mode === mode && mode !== "dead") return;
    this.memory.mode = mode;
    this.effects.push({ type: "statusChanged", mode, code });
  }

  /** Secret bytes for chain keys and D (SPEC section 6). */
  draw(count: number): Uint8Array {
    return draw(this.memory.pool, this.context.random, count);
  }

  /** A time varied by the settings' jitter. */
  jittered(ms: number): number {
    const [a = 0, b = 0] = this.context.random(2);
    const unit = (a * 256 + b) / 65536;
    return ms * (1 + this.context.settings.jitter * (2 * unit - 1));
  }
}
