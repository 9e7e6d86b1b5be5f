import type { Group } from "@ipse/protocol/group";
import type { HostEvent, OpenedAgentMessage } from "@ipse/protocol/host";
import type { Roster, SignedStatement } from "@ipse/protocol/registry";
import type { AgentRequest, WorkloadSettings } from "@ipse/protocol/session/workload";
import type { OracleMessage, PeerMessage } from "@ipse/protocol/wire";
import { type DecisionKind, type Decisions, EventQueue, Prng, type SimEntropy } from "../core/index.ts";
import { AgentProcess } from "./agent-process.ts";
import type { Cluster } from "./cluster.ts";
import { type AgentPacket, connectionName, Network, openPacket } from "./network.ts";
import type { Observer, Violation } from "./observer.ts";
import { OracleProcess } from "./oracle-process.ts";
import { Cuts, type WorldOptions } from "./world-options.ts";

const HANDSHAKE_MS = 2;

/** A whole simulated deployment. Everything in it runs on one queue of virtual events. */
export class World {
  readonly queue = new EventQueue();
  readonly prng: Prng;
  /** Replaced when a new roster is published; oracles read it when they start. */
  cluster: Cluster;
  readonly network: Network;
  readonly oracles: OracleProcess[];
  readonly agents: AgentProcess[] = [];
  readonly settings: Partial<WorkloadSettings>;
  readonly poolKeysPerOracle: number;
  readonly issuer: WorldOptions["issuer"];
  readonly observers: Observer[] = [];
  /** Per kind of happening who implements it, as long as nobody is added. */
  readonly #heard = new Map<keyof Observer, Observer[]>();
  #heardBy = 0;
  /** Told of every new agent before it starts (negative controls). */
  readonly agentHooks: ((agent: AgentProcess) => void)[] = [];
  readonly violations: Violation[] = [];
  /** Set where decisions are recorded, and some left out (replay --shrink). */
  decisions: Decisions | undefined;
  /** Pairs of names that cannot reach each other. */
  readonly #cuts = new Cuts();
  readonly #peerLinks = new Map<number, number>();
  #nextLink = 1;

  constructor(options: WorldOptions) {
    this.prng = new Prng(options.seed);
    this.cluster = options.cluster;
    this.network = new Network(this.queue, this.prng.fork("network"));
    this.network.wire = options.wire ?? true;
    this.network.skips = (kind, what) => this.skips(kind, what);
    this.settings = options.settings ?? {};
    this.poolKeysPerOracle = options.poolKeysPerOracle ?? 0;
    this.issuer = options.issuer;
    this.oracles = options.cluster.voteSeeds.map(
      (_, i) => new OracleProcess(this, i + 1, options.images?.[i] ?? new Map()),
    );
  }

  get group(): Group {
    return this.cluster.group;
  }

  /** Virtual milliseconds since the run began. */
  get now(): number {
    return this.queue.now;
  }

  /** The roster agents pin: the first one, under which instances live. */
  get agentRoster(): Roster {
    return this.cluster.rosters[0]?.roster ?? this.cluster.roster;
  }

  /** Tells whoever watches this kind of happening, in the order in which they came. */
  tell<K extends keyof Observer>(what: K, ...facts: Parameters<NonNullable<Observer[K]>>): void {
    if (this.#heardBy !== this.observers.length) {
      this.#heard.clear();
      this.#heardBy = this.observers.length;
    }
    let listeners = this.#heard.get(what);
    if (listeners === undefined) {
      listeners = this.observers.filter((observer) => observer[what] !== undefined);
      this.#heard.set(what, listeners);
    }
    for (const observer of listeners) {
      (observer[what] as (...facts: Parameters<NonNullable<Observer[K]>>) => void).apply(observer, facts);
    }
  }

  happened(what: string, who = ""): void {
    this.tell("happened", what, who);
  }

  /** Whether this run leaves out a fault, a delivery or a move. */
  skips(kind: DecisionKind, what: string): boolean {
    return this.decisions?.skips(kind, what) === true;
  }

  violate(checker: string, message: string): void {
    this.violations.push({ checker, message, atMs: this.now });
  }

  oracle(id: number): OracleProcess {
    const found = this.oracles[id - 1];
    if (found === undefined) throw new RangeError(`no oracle ${id}`);
    return found;
  }

  bootOracles(): void {
    for (const oracle of this.oracles) oracle.boot();
  }

  newAgent(name: string, copy = false, entropy?: SimEntropy): AgentProcess {
    const agent = new AgentProcess(this, name, copy, entropy);
    this.agents.push(agent);
    for (const hook of this.agentHooks) hook(agent);
    return agent;
  }

  /** Lets virtual time pass. */
  run(ms: number): void {
    const until = this.now + ms;
    while (this.queue.step(until)) {
      // every event runs to its end
    }
    this.queue.advanceTo(until);
  }

  /** Lets time pass until something holds; false when it did not within `ms`. */
  runUntil(holds: () => boolean, ms: number): boolean {
    const until = this.now + ms;
    while (!holds()) {
      if (!this.queue.step(until)) {
        this.queue.advanceTo(until);
        return holds();
      }
    }
    return true;
  }

  // --- links -----------------------------------------------------------------

  isCut(a: string, b: string): boolean {
    return this.#cuts.between(a, b);
  }

  /** Cuts the network between two groups of names; connections between them break. */
  cut(left: readonly string[], right: readonly string[]): void {
    if (this.skips("fault", `cut ${left.join(" ")}`)) return;
    for (const a of left) {
      for (const b of right) {
        this.#cuts.add(a, b);
        this.#breakLink(a, b);
      }
    }
    this.happened(`cut off from ${right.join(" ")}`, left.join(" "));
  }

  /** Mends every cut; everybody connects again. */
  heal(): void {
    this.#cuts.clear();
    this.happened("network healed");
    for (const oracle of this.oracles) this.connectOracle(oracle.id);
    for (const agent of this.agents) this.connectAgent(agent);
  }

  #breakLink(a: string, b: string): void {
    const [one, other] = [this.oracles.find((o) => o.name === a), this.oracles.find((o) => o.name === b)];
    if (one !== undefined && other !== undefined) return this.#peerDown(one.id, other.id);
    const oracle = one ?? other;
    const agent = this.agents.find((x) => x.name === a || x.name === b);
    if (oracle !== undefined) agent?.disconnect(oracle.id);
  }

  #link(from: number, to: number): number {
    return Math.min(from, to) * 100 + Math.max(from, to);
  }

  #peerDown(a: number, b: number): void {
    if (!this.#peerLinks.delete(this.#link(a, b))) return;
    this.oracle(a).node?.onPeerDown(b);
    this.oracle(b).node?.onPeerDown(a);
  }

  #peerUp(a: number, b: number): void {
    const link = this.#link(a, b);
    const [one, other] = [this.oracle(a), this.oracle(b)];
    if (!one.up || !other.up || this.#peerLinks.has(link) || this.isCut(one.name, other.name)) return;
    this.#peerLinks.set(link, this.#nextLink++);
    one.node?.onPeerUp(b);
    other.node?.onPeerUp(a);
  }

  /** Breaks a connection between two oracles; it comes back after a moment. */
  resetPeerLink(a: number, b: number): void {
    if (this.skips("fault", `reset o${a} o${b}`)) return;
    this.#peerDown(a, b);
    this.queue.after(HANDSHAKE_MS * 5, () => this.#peerUp(a, b));
  }

  connectOracle(id: number): void {
    this.queue.after(HANDSHAKE_MS, () => {
      for (const other of this.oracles) if (other.id !== id) this.#peerUp(id, other.id);
      for (const agent of this.agents) this.#connect(agent, id);
    });
  }

  disconnectOracle(id: number): void {
    for (const other of this.oracles) if (other.id !== id) this.#peerDown(id, other.id);
    for (const agent of this.agents) agent.disconnect(id);
  }

  connectAgent(agent: AgentProcess): void {
    this.queue.after(HANDSHAKE_MS, () => {
      for (const { id } of this.oracles) this.#connect(agent, id);
    });
  }

  #connect(agent: AgentProcess, id: number): void {
    const oracle = this.oracle(id);
    if (!agent.up || !oracle.up || this.isCut(agent.name, oracle.name)) return;
    if (agent.connections[id - 1] === undefined) agent.connect(id);
  }

  peerSend(from: number, to: number, message: PeerMessage): boolean {
    const link = this.#peerLinks.get(this.#link(from, to));
    if (link === undefined) return false;
    this.tell("peerSent", from, to, message);
    this.network.peer({ from, to, message }, (arrived) => {
      if (this.#peerLinks.get(this.#link(from, to)) === link)
        this.oracle(to).node?.onPeerMessage(from, arrived);
    });
    return true;
  }

  agentSend(
    agent: AgentProcess,
    oracle: number,
    requestId: number,
    message: AgentRequest,
    delta: Uint8Array | undefined,
  ): void {
    const connection = agent.connections[oracle - 1];
    if (connection === undefined) return;
    const packet: AgentPacket = {
      agent: agent.name,
      oracle,
      connection,
      requestId,
      message,
      delta,
      sealedFor: connectionName(agent.name, oracle, connection),
      sentMs: this.now,
    };
    this.tell("agentSent", agent, this.oracle(oracle), packet);
    this.network.agentToOracle(packet, (arrived) => {
      if (agent.connections[oracle - 1] !== connection) return;
      this.inject(arrived, packet.sealedFor, (reply) => this.#answer(agent, packet, reply));
    });
  }

  /** Hands a frame to an oracle as if it came on this connection (an attacker replays with one of its own). */
  inject(packet: AgentPacket, connection: string, reply: (message: OracleMessage) => void): void {
    this.oracle(packet.oracle).receive(packet, connection, reply);
  }

  #answer(agent: AgentProcess, packet: AgentPacket, message: OracleMessage): void {
    const { incarnation } = agent;
    this.network.oracleToAgent({ to: packet, message }, (arrived) => {
      agent.deliver(() => {
        const same =
          agent.incarnation === incarnation && agent.connections[packet.oracle - 1] === packet.connection;
        if (same) agent.host?.receive(packet.oracle, packet.requestId, arrived);
      });
    });
  }

  open(packet: AgentPacket, connection: string): OpenedAgentMessage {
    return openPacket(packet, connection);
  }

  agentEvent(agent: AgentProcess, event: HostEvent): void {
    this.tell("agentEvent", agent, event);
  }

  /** An operator tells every oracle that is up. */
  submitStatement(statement: SignedStatement, to: readonly number[] = this.oracles.map((o) => o.id)): void {
    for (const id of to) this.oracle(id).node?.submitStatement(statement, () => undefined);
  }
}
