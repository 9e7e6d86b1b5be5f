import type { OracleOptions } from "../../../src/host/oracle-api.ts";
import { createOracle } from "../../../src/host/oracle-host.ts";
import type { HostEvent } from "../../../src/host/ports.ts";
import { WorkloadHost, type WorkloadPorts, type WorkloadSnapshot } from "../../../src/host/workload-host.ts";
import type { Message } from "../../../src/session/body.ts";
import type { SubmissionOutcome } from "../../../src/session/workload/index.ts";
import { encodePeerFrame, type PeerMessage, parsePeerFrame } from "../../../src/wire/peer.ts";
import {
  encodeAgentFrame,
  encodeOracleFrame,
  parseAgentFrame,
  parseOracleFrame,
} from "../../../src/wire/session.ts";
import { type Cast, castOf, group, ticketOf, workloadStatement } from "./cast.ts";
import { Disk, MemoryStateFile, World } from "./world.ts";

export type Oracle = ReturnType<typeof createOracle>;

/** Topologies the promises are tested on. */
export const TOPOLOGIES = [
  { n: 4, q: 3, b: 1 },
  { n: 7, q: 5, b: 2 },
] as const;

export interface Topology {
  readonly n: number;
  readonly q: number;
  readonly b: number;
}

interface Slot {
  node: Oracle | undefined;
  boot: number;
}

type Rows = readonly (readonly [Uint8Array, Uint8Array])[];
const filled = new Map<number, readonly Rows[]>();

/** n oracles, their disks and links, and agents: the production hosts over a World. */
export class Cluster {
  readonly #topology: Topology;
  readonly world: World;
  readonly cast: Cast;
  readonly disks: Disk[];
  readonly slots: Slot[];
  readonly agents: Agent[] = [];
  readonly events: { oracle: number; event: HostEvent }[] = [];
  /** Cut pairs of oracles, "1-2"; and agents cut from oracles, "a0-2". */
  readonly cuts = new Set<string>();

  readonly #more: Partial<OracleOptions>;
  /** What an oracle's link makes of a message; undefined loses it. */
  tamper: (from: number, to: number, message: PeerMessage) => PeerMessage | undefined = (_, __, message) =>
    message;

  constructor(topology: Topology, seed: string, more: Partial<OracleOptions> = {}) {
    this.#topology = topology;
    this.#more = more;
    this.world = new World(seed);
    this.cast = castOf(topology.n, topology.q, topology.b);
    this.disks = this.ids.map((id) => new Disk(this.world, `oracle ${id}`));
    this.slots = this.ids.map(() => ({ node: undefined, boot: 0 }));
  }

  get ids(): number[] {
    return this.cast.roster.oracles.map((entry) => entry.id);
  }

  node(id: number): Oracle | undefined {
    return this.slots[id - 1]?.node;
  }

  startOracle(id: number): void {
    const slot = this.slots[id - 1];
    const store = this.disks[id - 1];
    if (slot === undefined || store === undefined || slot.node !== undefined) return;
    const boot = ++slot.boot;
    const alive = (): boolean => slot.boot === boot && slot.node !== undefined;
    const { world } = this;
    const node = createOracle(
      {
        group,
        oracle: id,
        voteSeed: this.cast.voteSeeds[id - 1] ?? new Uint8Array(32),
        rosters: [this.cast.signedRoster],
        clock: world.clock,
        entropy: world.entropy,
        timers: world.timersOf(alive),
        store,
        peers: {
          send: (to, message) => {
            const sent = this.tamper(id, to, message);
            return sent === undefined || this.#toPeer(id, to, encodePeerFrame(sent));
          },
        },
        events: (event) => this.events.push({ oracle: id, event }),
        poolKeysPerOracle: 2,
        ...this.#more,
      },
      (error) => {
        throw error;
      },
    );
    slot.node = node;
    node.start();
    for (const peer of this.ids) this.#connect(id, peer);
    for (const agent of this.agents) agent.connected(id);
  }

  #connect(one: number, other: number): void {
    const [a, b] = [this.node(one), this.node(other)];
    if (one === other || a === undefined || b === undefined || this.cuts.has(pair(one, other))) return;
    a.onPeerUp(other);
    b.onPeerUp(one);
  }

  #toPeer(from: number, to: number, frame: Uint8Array): boolean {
    const target = this.node(to);
    if (target === undefined || this.cuts.has(pair(from, to))) return false;
    const boot = this.slots[to - 1]?.boot;
    this.world.add(`${from} -> ${to}`, () => {
      if (this.slots[to - 1]?.boot === boot) this.node(to)?.onPeerMessage(from, parsePeerFrame(frame));
    });
    return true;
  }

  /** Power loss: `kept` of the writes under way made it. */
  crashOracle(id: number, kept: number): void {
    const slot = this.slots[id - 1];
    if (slot?.node === undefined) return;
    slot.node = undefined;
    slot.boot += 1;
    this.disks[id - 1]?.crash(kept);
    for (const peer of this.ids) this.node(peer)?.onPeerDown(id);
    for (const agent of this.agents) agent.disconnected(id);
  }

  cut(one: number, other: number): void {
    this.cuts.add(pair(one, other));
    this.node(one)?.onPeerDown(other);
    this.node(other)?.onPeerDown(one);
  }

  heal(): void {
    const cut = [...this.cuts];
    this.cuts.clear();
    for (const key of cut) {
      const [one, other] = key.split("-");
      const agent = one?.startsWith("a") === true ? this.agents[Number(one.slice(1))] : undefined;
      if (agent !== undefined) agent.connected(Number(other));
      else this.#connect(Number(one), Number(other));
    }
  }

  /** Starts everybody with a filled pool and a registered workload; the ceremony runs once per topology, apart. */
  boot(): void {
    const rows = filled.get(this.#topology.n) ?? Cluster.#fill(this.#topology);
    for (const [i, disk] of this.disks.entries()) disk.fill(rows[i] ?? []);
    this.#ready();
  }

  #ready(): void {
    for (const id of this.ids) this.startOracle(id);
    const reasons = (): unknown[] =>
      this.ids.flatMap((id) => Object.entries(this.node(id)?.ready() ?? { quorum: "down" }));
    this.world.settle(600_000, () => reasons().length === 0);
    if (reasons().length > 0) throw new Error(`the cluster does not get ready: ${JSON.stringify(reasons())}`);
  }

  static #fill(topology: Topology): readonly Rows[] {
    const cluster = new Cluster(topology, "fill");
    cluster.#ready();
    for (const id of cluster.ids)
      cluster.node(id)?.submitStatement(workloadStatement(cluster.cast), () => undefined);
    cluster.world.settle(10_000);
    const rows = cluster.disks.map((disk) => disk.rows());
    filled.set(topology.n, rows);
    return rows;
  }

  agent(name: string, file = new MemoryStateFile(this.world)): Agent {
    const agent = new Agent(this, this.agents.length, name, file);
    this.agents.push(agent);
    return agent;
  }
}

function pair(one: number, other: number): string {
  return one < other ? `${one}-${other}` : `${other}-${one}`;
}

/** One agent process and its links. */
export class Agent {
  readonly cluster: Cluster;
  readonly index: number;
  readonly name: string;
  readonly file: MemoryStateFile;
  host: WorkloadHost | undefined;
  readonly outcomes: SubmissionOutcome[] = [];
  readonly statuses: string[] = [];
  #boot = 0;
  /** The ticket's name; a crash before the first save leaves nothing else. */
  #join: string | undefined;
  #instance: Uint8Array | undefined;

  constructor(cluster: Cluster, index: number, name: string, file: MemoryStateFile) {
    this.cluster = cluster;
    this.index = index;
    this.name = name;
    this.file = file;
  }

  #ports(): WorkloadPorts {
    const { cluster } = this;
    const { world } = cluster;
    const boot = ++this.#boot;
    return {
      group,
      roster: cluster.cast.roster,
      clock: world.clock,
      entropy: world.entropy,
      timers: world.timersOf(() => this.#boot === boot),
      stateFile: this.file,
      links: {
        send: (to, id, message, delta) => {
          const frame = encodeAgentFrame({ id, message });
          this.#send(to, boot, frame, delta?.slice());
        },
      },
      events: () => undefined,
      settings: { heartbeatMs: 10_000 },
      onStatus: (mode, code) => this.statuses.push(code ?? mode),
      onFatal: (error) => {
        throw error;
      },
    };
  }

  #cutFrom(oracle: number): boolean {
    return this.cluster.cuts.has(`a${this.index}-${oracle}`);
  }

  #send(to: number, boot: number, frame: Uint8Array, delta: Uint8Array | undefined): void {
    const { cluster } = this;
    const oracleBoot = cluster.slots[to - 1]?.boot;
    if (this.#cutFrom(to) || cluster.node(to) === undefined) return;
    cluster.world.add(`agent ${this.index} -> ${to}`, () => {
      const node = cluster.node(to);
      if (node === undefined || cluster.slots[to - 1]?.boot !== oracleBoot) return;
      const { id, message } = parseAgentFrame(frame);
      if (message.kind === "hello") return;
      const opened = message.kind === "step" ? { ...message, delta } : message;
      node.onAgentMessage(opened, (answer) => {
        const bytes = encodeOracleFrame({ id, message: answer });
        cluster.world.add(`${to} -> agent ${this.index}`, () => {
          if (this.#boot !== boot || this.#cutFrom(to)) return;
          const parsed = parseOracleFrame(bytes);
          this.host?.receive(to, parsed.id, parsed.message);
        });
      });
    });
  }

  connected(oracle: number): void {
    if (!this.#cutFrom(oracle) && this.cluster.node(oracle) !== undefined) this.host?.oracleUp(oracle);
  }

  disconnected(oracle: number): void {
    this.host?.oracleDown(oracle);
  }

  cut(oracle: number): void {
    this.cluster.cuts.add(`a${this.index}-${oracle}`);
    this.disconnected(oracle);
  }

  start(join?: string): void {
    if (this.host !== undefined) return;
    this.#join ??= join;
    const ticket = this.#join === undefined ? undefined : ticketOf(this.cluster.cast, this.#join);
    const joining = ticket === undefined ? undefined : { ticket: ticket.signed, ticketSeed: ticket.seed };
    this.host = WorkloadHost.open(this.#ports(), `machine-${this.name}`, joining);
    this.host.start();
    for (const id of this.cluster.ids) this.connected(id);
  }

  /** Continues as a copy of another agent's memory (and disk). */
  resume(snapshot: WorkloadSnapshot): void {
    this.host = WorkloadHost.resume(structuredClone(snapshot), this.#ports());
    for (const id of this.cluster.ids) {
      this.disconnected(id);
      this.connected(id);
    }
  }

  crash(kept: boolean): void {
    if (this.host === undefined) return;
    this.host.stop();
    this.host = undefined;
    this.#boot += 1;
    this.file.crash(kept);
  }

  sign(message: Message): void {
    this.host?.submit([message], (outcome) => this.outcomes.push(outcome));
  }

  get running(): boolean {
    return this.host?.view.mode === "running";
  }

  get dead(): boolean {
    const mode = this.host?.view.mode;
    return mode === "dead" || mode === "quarantined";
  }

  /** The certified head this agent knows. */
  get headSeq(): number {
    const phase = this.host?.view.durable.phase;
    return phase?.kind === "live" ? phase.head.signed.header.seq : -1;
  }

  get instance(): Uint8Array | undefined {
    const phase = this.host?.view.durable.phase;
    if (phase?.kind === "live") this.#instance = phase.head.signed.header.instance;
    return this.#instance;
  }
}
