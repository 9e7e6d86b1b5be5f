import { compareBytes, toHex } from "../../src/bytes.ts";
import {
  createOracle,
  type OpenedAgentMessage,
  type OracleNode,
  refusePointScan,
  rowsOf,
  type StateFile,
  type Store,
  type StoreOp,
  type Table,
  type WorkloadPorts,
} from "../../src/host/index.ts";
import type { HostEvent } from "../../src/host/ports.ts";
import { WorkloadHost } from "../../src/host/workload-host.ts";
import type { Message } from "../../src/session/body.ts";
import type { AgentRequest, SubmissionOutcome, WorkloadSettings } from "../../src/session/workload/index.ts";
import type { OracleMessage } from "../../src/wire/session.ts";
import { seededRandom } from "../group/backends.ts";
import { type Cast, castOf, group, START_MS, ticketOf, workloadStatement } from "./world/cast.ts";

/** Virtual time: what is due runs in order. */
export class Loop {
  nowMs = 0;
  #order = 0;
  #due: { at: number; order: number; run: () => void }[] = [];

  after(delayMs: number, run: () => void): () => void {
    const entry = { at: this.nowMs + delayMs, order: this.#order++, run };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((other) => other !== entry);
    };
  }

  /** Runs until the condition holds; throws when it does not within the time. */
  until(holds: () => boolean, withinMs = 60_000): void {
    const end = this.nowMs + withinMs;
    while (!holds()) {
      this.#due.sort((a, b) => a.at - b.at || a.order - b.order);
      const [next] = this.#due;
      if (next === undefined || next.at > end) throw new Error(`nothing came of it within ${withinMs} ms`);
      this.#due.shift();
      this.nowMs = Math.max(this.nowMs, next.at);
      next.run();
    }
  }

  /** Runs everything of the next `ms`. */
  pass(ms: number): void {
    const end = this.nowMs + ms;
    this.after(ms, () => undefined);
    this.until(() => this.nowMs >= end, ms + 1);
  }
}

type Rows = Map<string, { key: Uint8Array; value: Uint8Array }>;

export class MemoryStore implements Store {
  readonly rows: Rows;
  readonly #loop: Loop;

  constructor(loop: Loop, rows?: Rows) {
    this.#loop = loop;
    this.rows = new Map(rows);
  }

  /** Writes a record behind the oracle's back: what a disk may hold when it starts. */
  put<T>(into: Table<T>, key: Uint8Array, value: T): void {
    for (const row of rowsOf(into, key, value)) {
      if (row.value === undefined) this.rows.delete(toHex(row.key));
      else this.rows.set(toHex(row.key), { key: row.key, value: row.value });
    }
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.rows.get(toHex(key))?.value.slice();
  }

  #read(prefix: Uint8Array, limit: number, after?: Uint8Array): [Uint8Array, Uint8Array][] {
    return [...this.rows.values()]
      .filter(({ key }) => toHex(key).startsWith(toHex(prefix)))
      .filter(({ key }) => after === undefined || compareBytes(key, after) > 0)
      .sort((a, b) => compareBytes(a.key, b.key))
      .slice(0, limit)
      .map(({ key, value }) => [key.slice(), value.slice()]);
  }

  scan(prefix: Uint8Array, limit: number, after?: Uint8Array): [Uint8Array, Uint8Array][] {
    refusePointScan(prefix);
    return this.#read(prefix, limit, after);
  }

  page(
    prefix: Uint8Array,
    limit: number,
    after: Uint8Array | undefined,
    done: (keys: Uint8Array[]) => void,
  ): void {
    this.#loop.after(0, () => done(this.#read(prefix, limit, after).map(([key]) => key)));
  }

  commit(ops: readonly StoreOp[], done: (error: Error | undefined) => void): void {
    const staged = ops.map((op) => ({ ...op, key: op.key.slice(), value: op.value?.slice() }));
    this.#loop.after(0, () => {
      for (const { key, value } of staged) {
        if (value === undefined) this.rows.delete(toHex(key));
        else this.rows.set(toHex(key), { key, value });
      }
      done(undefined);
    });
  }
}

/** Disks of clusters with a filled pool, per topology: the ceremony is real, and slow. */
const disks = new Map<string, Rows[]>();

/** A state file that can lose power at any save: before it is durable, or after it and before anybody is told. */
export class CrashingFile implements StateFile {
  bytes: Uint8Array | undefined;
  saves = 0;
  crashAt: { readonly save: number; readonly durable: boolean } | undefined;
  onCrash: () => void = () => undefined;
  readonly #loop: Loop;

  constructor(loop: Loop) {
    this.#loop = loop;
  }

  load(): Uint8Array | undefined {
    return this.bytes?.slice();
  }

  save(bytes: Uint8Array, done: (error: Error | undefined) => void): void {
    this.saves++;
    const crash = this.crashAt?.save === this.saves ? this.crashAt : undefined;
    if (crash?.durable !== false) this.bytes = bytes.slice();
    if (crash !== undefined) return this.onCrash();
    this.#loop.after(1, () => done(undefined));
  }
}

export interface Running {
  readonly host: WorkloadHost;
  readonly file: CrashingFile;
  readonly events: HostEvent[];
  readonly sent: { readonly oracle: number; readonly message: AgentRequest }[];
  readonly fatal: unknown[];
  readonly modes: string[];
  stop(): void;
}

/** An in-memory cluster: real oracles, real group, virtual time. */
export class Cluster {
  readonly loop = new Loop();
  readonly cast: Cast;
  readonly nodes: OracleNode[] = [];
  readonly stores: MemoryStore[] = [];
  /** Oracles no workload reaches. */
  readonly cut = new Set<number>();
  /** What an oracle says instead; undefined loses it. */
  tamper: (oracle: number, message: OracleMessage, request: AgentRequest) => OracleMessage | undefined = (
    _,
    message,
  ) => message;
  /** The delays of the copies in which a message arrives. */
  network: () => readonly number[] = () => [1];
  /** Peers' queues that are full. */
  refuse: (from: number, to: number) => boolean = () => false;
  /** Peers' messages that are lost. */
  lose: (from: number, to: number) => boolean = () => false;
  readonly #random: (count: number) => Uint8Array;
  readonly #running = new Set<Running>();

  constructor(seed: string, n = 4, q = 3, b = 1) {
    this.#random = seededRandom(seed);
    this.cast = castOf(n, q, b);
    const key = `${n}/${q}/${b}`;
    const filled = disks.get(key);
    this.cast.roster.oracles.forEach(({ id }, index) => {
      const store = new MemoryStore(this.loop, filled?.[index]);
      this.stores.push(store);
      this.nodes.push(this.#node(id, store));
    });
    for (const { id } of this.cast.roster.oracles) this.#connectPeers(id);
    this.loop.until(() => this.nodes.every((node) => Object.keys(node.ready()).length === 0), 600_000);
    if (filled !== undefined) return;
    const statement = workloadStatement(this.cast);
    for (const node of this.nodes) node.submitStatement(statement, () => undefined);
    this.loop.pass(2000);
    disks.set(
      key,
      this.stores.map((store) => new Map(store.rows)),
    );
  }

  get ids(): number[] {
    return this.cast.roster.oracles.map(({ id }) => id);
  }

  node(id: number): OracleNode {
    const node = this.nodes[id - 1];
    if (node === undefined) throw new Error("no such oracle");
    return node;
  }

  readonly clock = {
    nowMs: (): number => START_MS + this.loop.nowMs,
    monotonicMs: (): number => this.loop.nowMs,
  };

  #node(id: number, store: MemoryStore): OracleNode {
    const node = createOracle(
      {
        group,
        oracle: id,
        voteSeed: this.cast.voteSeeds[id - 1] ?? new Uint8Array(32),
        rosters: [this.cast.signedRoster],
        clock: this.clock,
        entropy: { random: this.#random },
        timers: { after: (delayMs, fire) => this.loop.after(delayMs, fire) },
        store,
        peers: {
          send: (to, message) => {
            if (this.refuse(id, to)) return false;
            if (!this.lose(id, to)) this.loop.after(1, () => this.nodes[to - 1]?.onPeerMessage(id, message));
            return true;
          },
        },
        events: () => undefined,
        poolKeysPerOracle: 2,
      },
      (error) => {
        throw error;
      },
    );
    node.start();
    return node;
  }

  #connectPeers(id: number): void {
    for (const other of this.ids) {
      if (other === id) continue;
      this.loop.after(0, () => this.node(id).onPeerUp(other));
    }
  }

  /** Ends an oracle's process and starts another one on its disk. */
  restart(id: number): void {
    const store = this.stores[id - 1];
    if (store === undefined) throw new Error("no such oracle");
    this.node(id).stop(() => undefined);
    this.nodes[id - 1] = this.#node(id, store);
    for (const other of this.ids) {
      if (other === id) continue;
      this.node(other).onPeerDown(id);
      this.loop.after(0, () => this.node(other).onPeerUp(id));
      this.loop.after(0, () => this.node(id).onPeerUp(other));
    }
    this.loop.pass(1500);
  }

  ports(
    running: () => Running | undefined,
    file: CrashingFile,
    settings: Partial<WorkloadSettings>,
  ): WorkloadPorts {
    return {
      group,
      roster: this.cast.roster,
      clock: this.clock,
      entropy: { random: this.#random },
      timers: { after: (delayMs, fire) => this.loop.after(delayMs, fire) },
      stateFile: file,
      settings: { heartbeatMs: 10_000, ...settings },
      events: (event) => running()?.events.push(event),
      onStatus: (mode) => running()?.modes.push(mode),
      onFatal: (error) => running()?.fatal.push(error),
      links: {
        send: (oracle, requestId, message, delta) => {
          const self = running();
          self?.sent.push({ oracle, message });
          if (self === undefined) return;
          const answer = (said: OracleMessage): void => {
            const told = this.tamper(oracle, said, message);
            if (told === undefined) return;
            this.#carry(oracle, () => {
              if (this.#running.has(self)) self.host.receive(oracle, requestId, told);
            });
          };
          this.#carry(oracle, () => this.node(oracle).onAgentMessage(opened(message, delta), answer));
        },
      },
    };
  }

  /** One message on its way between a workload and an oracle. */
  #carry(oracle: number, arrive: () => void): void {
    for (const delayMs of this.network()) {
      this.loop.after(delayMs, () => {
        if (!this.cut.has(oracle)) arrive();
      });
    }
  }

  /** Starts a workload on a state file; without one it joins with the ticket. */
  workload(
    ticket: ReturnType<typeof ticketOf>,
    file = new CrashingFile(this.loop),
    settings: Partial<WorkloadSettings> = {},
  ): Running {
    let self: Running | undefined;
    const ports = this.ports(() => self, file, settings);
    const host = WorkloadHost.open(ports, "boot-1", { ticket: ticket.signed, ticketSeed: ticket.seed });
    self = this.#run(host, file);
    host.start();
    for (const id of this.ids) if (!this.cut.has(id)) host.oracleUp(id);
    return self;
  }

  /** A second process from a copy of the first one's memory. */
  clone(of: Running): Running {
    const file = new CrashingFile(this.loop);
    file.bytes = of.file.bytes?.slice();
    let self: Running | undefined;
    const snapshot = structuredClone(of.host.snapshot());
    self = this.#run(
      WorkloadHost.resume(
        snapshot,
        this.ports(() => self, file, {}),
      ),
      file,
    );
    return self;
  }

  #run(host: WorkloadHost, file: CrashingFile): Running {
    const running: Running = {
      host,
      file,
      events: [],
      sent: [],
      fatal: [],
      modes: [],
      stop: () => {
        host.stop();
        this.#running.delete(running);
      },
    };
    this.#running.add(running);
    file.onCrash = running.stop;
    return running;
  }

  cutOff(running: Running, id: number): void {
    this.cut.add(id);
    running.host.oracleDown(id);
  }

  reconnect(running: Running, id: number): void {
    this.cut.delete(id);
    running.host.oracleUp(id);
  }

  /** A workload that is enrolled and at rest. */
  enrolled(name: string, settings: Partial<WorkloadSettings> = {}): Running {
    const running = this.workload(ticketOf(this.cast, name), undefined, settings);
    this.loop.until(() => running.host.view.mode === "running", 5000);
    this.loop.pass(20);
    return running;
  }

  sign(running: Running, ...payloads: string[]): SubmissionOutcome {
    let outcome: SubmissionOutcome | undefined;
    running.host.submit(payloads.map(raw), (result) => {
      outcome = result;
    });
    this.loop.until(() => outcome !== undefined);
    if (outcome === undefined) throw new Error("no outcome");
    return outcome;
  }
}

function opened(message: AgentRequest, delta: Uint8Array | undefined): OpenedAgentMessage {
  if (message.kind !== "step") return message;
  const { sealedDelta: _, ...rest } = message;
  return { ...rest, delta };
}

export function raw(text: string): Message {
  return { type: "raw", payload: new TextEncoder().encode(text) };
}

/** The live phase of a running workload. */
export function liveOf(running: Running) {
  const { phase } = running.host.view.durable;
  if (phase.kind !== "live") throw new Error(`not live but ${phase.kind}`);
  return phase;
}
