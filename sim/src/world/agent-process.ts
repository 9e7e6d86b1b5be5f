import type { Group } from "@ipse/protocol/group";
import { WorkloadHost, type WorkloadSnapshot } from "@ipse/protocol/host";
import type { Message } from "@ipse/protocol/session";
import {
  type DurableState,
  decodeState,
  type JoinTicket,
  newState,
  type SubmissionOutcome,
  type WorkloadSettings,
} from "@ipse/protocol/session/workload";
import { SimClock, SimEntropy, SimStateFile, SimTimers } from "../core/index.ts";
import { rawMessage } from "./cluster.ts";
import type { World } from "./world.ts";

export interface Submission {
  readonly id: number;
  readonly text: string;
  readonly atMs: number;
  outcome: SubmissionOutcome | undefined;
}

/** A copy of a machine's memory: the workload's, and where its kernel generator stood. */
export interface MemoryImage {
  readonly snapshot: WorkloadSnapshot;
  readonly file: Uint8Array | undefined;
  readonly entropy: SimEntropy;
}

/** One workload agent process on one machine. Copies are agents of their own. */
export class AgentProcess {
  readonly world: World;
  readonly name: string;
  /** Runs on stolen or copied state. */
  readonly copy: boolean;
  readonly clock: SimClock;
  readonly file: SimStateFile;
  entropy: SimEntropy;
  host: WorkloadHost | undefined;
  incarnation = 0;
  readonly submissions: Submission[] = [];
  /** Connection number per oracle (index id - 1); undefined while down. */
  readonly connections: (number | undefined)[];
  fatal: unknown;
  /** Replaces the world's group for this agent (negative controls). */
  group: Group | undefined;
  settings: Partial<WorkloadSettings>;
  #timers: SimTimers;
  #nextConnection = 1;
  paused = false;
  #missed: (() => void)[] = [];

  constructor(world: World, name: string, copy: boolean, entropy?: SimEntropy) {
    this.world = world;
    this.name = name;
    this.copy = copy;
    const prng = world.prng.fork(`agent-${name}`);
    this.clock = new SimClock(world.queue);
    this.file = new SimStateFile(world.queue, prng.fork("disk"));
    this.entropy = entropy ?? new SimEntropy(prng.fork("entropy"));
    this.#timers = new SimTimers(world.queue, this.clock);
    this.connections = world.oracles.map(() => undefined);
    this.settings = world.settings;
    this.file.onDurable = () => world.tell("stateDurable", this);
    this.file.onCrash = () => this.#halt();
    this.file.skips = () => world.skips("fault", `${name} crashes at a save`);
  }

  get up(): boolean {
    return this.host !== undefined;
  }

  get mode(): string {
    return this.host?.view.mode ?? "down";
  }

  /** The durable state as the running process holds it. */
  get state(): DurableState | undefined {
    return this.host?.view.durable;
  }

  #ports(mine: number) {
    const { world } = this;
    return {
      group: this.group ?? world.group,
      roster: world.agentRoster,
      clock: this.clock,
      entropy: { random: (count: number) => this.entropy.random(count) },
      timers: this.#timers,
      stateFile: this.file,
      links: {
        send: (
          oracle: number,
          requestId: number,
          message: Parameters<World["agentSend"]>[3],
          delta: Uint8Array | undefined,
        ) => {
          if (this.incarnation === mine) world.agentSend(this, oracle, requestId, message, delta);
        },
      },
      events: (event: Parameters<NonNullable<World["agentEvent"]>>[1]) => world.agentEvent(this, event),
      settings: this.settings,
      onFatal: (error: unknown) => {
        if (this.incarnation !== mine) return;
        this.fatal = error;
        this.#halt();
      },
    };
  }

  #begin(): number {
    this.incarnation++;
    this.#timers = new SimTimers(this.world.queue, this.clock);
    return this.incarnation;
  }

  /** Starts the process on its state file, with safe start as production does. */
  boot(machine = `boot-${this.name}-${this.incarnation}`, join?: JoinTicket): void {
    if (this.host !== undefined) return;
    const mine = this.#begin();
    this.host = WorkloadHost.open(this.#ports(mine), machine, join);
    this.world.happened("starts", this.name);
    this.host.start();
    this.world.connectAgent(this);
  }

  /** Goes on from a copied memory image: no start, no safe start, nothing noticed. */
  resume(image: MemoryImage): void {
    const mine = this.#begin();
    this.file.restore(image.file);
    this.host = WorkloadHost.resume(structuredClone(image.snapshot), this.#ports(mine));
    this.world.happened("goes on from a memory image", this.name);
    for (let id = 1; id <= this.connections.length; id++) this.host?.oracleDown(id);
    this.world.connectAgent(this);
  }

  /** An attacker's agent over a stolen state file: everything as in production, but it skips safe start. */
  bootWithoutSafeStart(): void {
    const bytes = this.file.load();
    if (bytes === undefined) return;
    const durable = decodeState(bytes);
    const { world } = this;
    const random = (count: number): Uint8Array => this.entropy.random(count);
    const state = newState(durable, world.oracles.length, random);
    if (state.memory.mode === "checking") state.memory.mode = "running";
    state.memory.continuous = true;
    const mine = this.#begin();
    const snapshot: WorkloadSnapshot = {
      state,
      inbox: [],
      outbox: undefined,
      timers: [{ name: "heartbeat", dueMs: this.clock.monotonicMs() + 1000 }],
      nextId: 1,
      machine: durable.machine,
      driftMs: this.clock.nowMs() - this.clock.monotonicMs(),
    };
    this.host = WorkloadHost.resume(snapshot, this.#ports(mine));
    this.world.happened("starts without safe start", this.name);
    this.world.connectAgent(this);
  }

  /** Power goes, or the process is killed. */
  crash(): void {
    if (this.host !== undefined && !this.world.skips("fault", `${this.name} crashes`)) this.#halt();
  }

  #halt(): void {
    if (this.host === undefined) return;
    this.host.stop();
    this.host = undefined;
    this.incarnation++;
    this.#timers.kill();
    this.file.crash();
    this.world.happened("crashes", this.name);
    this.connections.fill(undefined);
  }

  restart(afterMs: number): void {
    if (this.world.skips("fault", `${this.name} restarts`)) return;
    this.#halt();
    this.world.queue.after(afterMs, () => this.boot());
  }

  /** Copies memory, state file and the kernel generator's state, as a VM snapshot does. */
  memoryImage(): MemoryImage {
    if (this.host === undefined) throw new Error(`${this.name} is down`);
    const snapshot = structuredClone(this.host.snapshot());
    return { snapshot, file: this.file.image(), entropy: this.entropy.clone("image", true) };
  }

  connect(oracle: number): void {
    this.connections[oracle - 1] = this.#nextConnection++;
    this.deliver(() => this.host?.oracleUp(oracle));
  }

  disconnect(oracle: number): void {
    if (this.connections[oracle - 1] === undefined) return;
    this.connections[oracle - 1] = undefined;
    this.deliver(() => this.host?.oracleDown(oracle));
  }

  /** Everything that reaches the process; a paused machine gets it when it wakes. */
  deliver(what: () => void): void {
    if (this.paused) this.#missed.push(what);
    else what();
  }

  /** The machine stands still (VM pause, suspend, migration). */
  pause(): void {
    this.paused = true;
    this.#timers.suspend();
    this.world.happened("is paused", this.name);
  }

  wake(): void {
    this.paused = false;
    this.world.happened("goes on", this.name);
    const missed = this.#missed;
    this.#missed = [];
    for (const what of missed) what();
    this.#timers.resume();
  }

  submit(text: string): Submission {
    return this.submitMessages([rawMessage(text)], text);
  }

  submitMessages(messages: readonly Message[], text: string): Submission {
    const submission: Submission = {
      id: this.submissions.length,
      text,
      atMs: this.world.now,
      outcome: undefined,
    };
    this.submissions.push(submission);
    if (this.world.skips("move", `${this.name} submits`)) {
      submission.outcome = { ok: false, code: "ERR_SIM_LEFT_OUT" };
      return submission;
    }
    this.host?.submit(messages, (outcome) => {
      submission.outcome = outcome;
      this.world.tell("result", this, submission, outcome);
    });
    return submission;
  }

  /** Signatures this process got. */
  get signatures(): number {
    let count = 0;
    for (const { outcome } of this.submissions) {
      if (outcome?.ok === true) count += outcome.outcomes.filter((one) => one.ok).length;
    }
    return count;
  }
}
