import { equalBytes } from "@ipse/protocol";
import type { Group } from "@ipse/protocol/group";
import type { InstanceAction } from "@ipse/protocol/registry";
import { encodeState } from "@ipse/protocol/session/workload";
import type { Prng } from "../core/index.ts";
import {
  type AgentProcess,
  type DealtPoolKey,
  enrollingState,
  type Genesis,
  type LinkProfile,
  type OracleProcess,
  statementOf,
  type TicketWithSeed,
  type Topology,
  type World,
} from "../world/index.ts";
import { ageDisk } from "./aging.ts";
import { Facts } from "./facts.ts";
import type { Outcome } from "./scenario.ts";
import { type StageOptions, succeeded } from "./stage-options.ts";

/** What a scenario's script works with: the world, its people, and words for what they do. */
export class Stage {
  readonly world: World;
  readonly genesis: Genesis;
  readonly prng: Prng;
  readonly heartbeatMs: number;
  readonly topology: Topology;
  readonly facts: Facts;
  readonly failures: string[] = [];
  /** Names of the checks that a negative control takes out of this simulation (never of production code). */
  readonly broken = new Set<string>();
  expected: Outcome | undefined;
  /** Set where the outcome cannot be read off the oracles (PREV, ALERT). */
  concluded: Outcome | undefined;
  #victim: AgentProcess | undefined;
  #copies = 0;
  #serial = 100;
  /** Scenarios of the provable limits may break promises on purpose; named here, they are not violations. */
  readonly allowed = new Set<string>();
  /** Oracles that stay down or apart when the world calms down at the end. */
  readonly away = new Set<number>();
  /** Whether liveness is judged at the end (not where the victim is dead on purpose). */
  judgeLiveness = true;

  constructor(options: StageOptions) {
    this.world = options.world;
    this.genesis = options.genesis;
    this.prng = options.prng;
    this.heartbeatMs = options.heartbeatMs;
    this.topology = options.topology;
    this.facts = new Facts(this.world);
    this.world.observers.push(this.facts);
  }

  get group(): Group {
    return this.world.group;
  }

  get instance(): Uint8Array {
    return this.genesis.instance;
  }

  /** The honest workload, running since before the scenario began. */
  get victim(): AgentProcess {
    if (this.#victim === undefined) {
      const { world } = this;
      const ready = (): boolean => world.oracles.every(({ node }) => node?.ready().quorum === undefined);
      for (let i = 0; i < 50 && !ready(); i++) world.run(10);
      this.#victim = world.newAgent("victim");
      this.#victim.file.restore(this.genesis.stateFile);
      this.#victim.boot();
      this.until(() => this.#victim?.mode === "running", 20_000, "the victim does not start");
    }
    return this.#victim;
  }

  expect(outcome: Outcome): void {
    this.expected = outcome;
  }

  conclude(outcome: Outcome): void {
    this.concluded = outcome;
  }

  must(holds: boolean, sentence: string): void {
    if (!holds) this.failures.push(`${sentence} (at ${Math.round(this.world.now)} ms)`);
  }

  run(ms: number): void {
    if (!this.world.skips("move", "time passes")) this.world.run(ms);
  }

  until(holds: () => boolean, ms: number, sentence: string): boolean {
    const held = this.world.runUntil(holds, ms);
    this.must(held, sentence);
    return held;
  }

  /** Asks an agent to sign and waits; true when it got the signature. */
  sign(agent: AgentProcess, text = `message ${this.world.now}`, ms = 20_000): boolean {
    if (this.world.skips("move", `${agent.name} signs`)) return true;
    const submission = agent.submit(text);
    this.world.runUntil(() => submission.outcome !== undefined, ms);
    return succeeded(submission);
  }

  /** Waits until the step whose result came is the head and nothing is pending. */
  idle(agent: AgentProcess): void {
    this.world.runUntil(() => {
      const phase = agent.state?.phase;
      return phase?.kind === "live" && phase.pending === undefined;
    }, 500);
  }

  seqOf(agent: AgentProcess): number {
    const phase = agent.state?.phase;
    return phase?.kind === "live" ? phase.head.signed.header.seq : -1;
  }

  versionOf(agent: AgentProcess): number {
    const phase = agent.state?.phase;
    return phase?.kind === "live" ? phase.head.signed.header.shareVersion : -1;
  }

  /** Waits for one certified ratchet of an agent (a heartbeat). */
  ratchet(agent: AgentProcess, count = 1): boolean {
    if (this.world.skips("move", `${agent.name} ratchets`)) return true;
    const goal = this.versionOf(agent) + count;
    return this.world.runUntil(() => this.versionOf(agent) >= goal, this.heartbeatMs * 4 * count + 10_000);
  }

  /** Every correct oracle that is up holds this agent's head and share version, and no step is under way. */
  settled(agent: AgentProcess): boolean {
    const phase = agent.state?.phase;
    if (phase?.kind === "live" && phase.pending !== undefined) return false;
    const seq = this.seqOf(agent);
    const version = this.versionOf(agent);
    return this.world.oracles.every((oracle) => {
      if (!oracle.up || !oracle.correct) return true;
      const record = oracle.record(this.instance);
      const held = record?.shares.some((share) => share.version === version) === true;
      return record?.head?.signed.header.seq === seq && held;
    });
  }

  /** A copy of a running process: memory, disk and, if asked, the kernel generator's state. */
  cloneMemory(of: AgentProcess, sameEntropy = false): AgentProcess {
    const name = `copy${++this.#copies}`;
    const image = of.memoryImage();
    this.facts.copied = true;
    const copy = this.world.newAgent(name, true, image.entropy.clone(name, sameEntropy));
    if (sameEntropy) copy.entropy.prng.state = image.entropy.prng.state;
    copy.resume(image);
    return copy;
  }

  /** A machine with a copy of the state file; not started yet. */
  cloneDisk(of: AgentProcess, file = of.file.image()): AgentProcess {
    const name = `copy${++this.#copies}`;
    this.facts.copied = true;
    const copy = this.world.newAgent(name, true);
    copy.file.restore(file);
    this.world.happened("state file copied", name);
    return copy;
  }

  /** An operator's word on the instance, to every oracle. */
  operator(action: InstanceAction["action"], release = 0, instance = this.instance): void {
    this.facts.operatorActed = true;
    const payload = { kind: "instance" as const, instance, action, release, reason: "by the scenario" };
    this.world.submitStatement(statementOf(this.world.cluster, payload, this.#serial++));
  }

  agentLinks(profile: Partial<LinkProfile>): void {
    this.world.network.agentLinks = { ...this.world.network.agentLinks, ...profile };
  }

  correctOracles(): OracleProcess[] {
    return this.world.oracles.filter((oracle) => oracle.correct);
  }

  /** Ids of `count` oracles drawn at random. */
  someOracles(count: number): number[] {
    return this.prng.shuffle(this.world.oracles.map(({ id }) => id)).slice(0, count);
  }

  /** Mends the network, starts what is down, and lets gossip finish. */
  settleDown(ms = 2000): void {
    const { world } = this;
    world.network.agentLinks = { ...world.network.agentLinks, loss: 0, duplicate: 0, reorder: 0 };
    world.heal();
    for (const oracle of world.oracles) if (!this.away.has(oracle.id)) oracle.boot();
    world.run(ms);
  }

  /** A new workload that holds a reservation for `dealt`; it is booted and enrolls. */
  enroll(ticket: TicketWithSeed, dealt: DealtPoolKey, use: number, name: string, copy = false): AgentProcess {
    const { state } = enrollingState(
      this.world.cluster,
      this.prng.fork(`enroll-${name}`),
      dealt,
      ticket,
      use,
    );
    const agent = this.world.newAgent(name, copy);
    agent.file.restore(encodeState(state));
    agent.boot();
    return agent;
  }

  /** Pool key number i that the genesis left unused. */
  spareKey(i: number): DealtPoolKey {
    const key = this.genesis.spare[i];
    if (key === undefined) throw new RangeError("no spare pool key");
    return key;
  }

  /**
   * A long time passes in one stroke: every oracle's disk is as it would be when all
   * certified steps below the head are older than 24 h and more than N steps back.
   */
  ageBeyondRetention(): void {
    for (const oracle of this.world.oracles) {
      if (oracle.up) ageDisk(oracle, this.instance);
      oracle.restart(50);
    }
    this.run(2500);
  }

  get hard(): boolean {
    return this.facts.detectedAs === "HARD";
  }

  get suspended(): boolean {
    return this.facts.detectedAs !== undefined;
  }

  /** Whether a correct oracle that is up has evidence against the instance. */
  evidenceAt(oracle: OracleProcess): boolean {
    const evidence = oracle.node?.evidence(this.instance);
    return evidence !== undefined && equalBytes(evidence.enrollment.signed.header.instance, this.instance);
  }
}
