import type { DkgMessage } from "../../src/dkg/index.ts";
import { decodeDkgMessage, encodeDkgMessage } from "../../src/dkg/index.ts";
import { OracleCore } from "../../src/host/oracle-core.ts";
import { OraclePool } from "../../src/host/oracle-pool.ts";
import { decodePoolMessage, encodePoolMessage } from "../../src/host/pool-wire.ts";
import type { HostEvent, Timers } from "../../src/host/ports.ts";
import { put } from "../../src/host/table.ts";
import { statements } from "../../src/registry/registry.ts";
import { type Roster, rosterHash, type SignedRoster } from "../../src/registry/roster.ts";
import { subjectKey, subjectOf } from "../../src/registry/subject.ts";
import { anyGroup, seededRandom } from "../group/backends.ts";
import {
  roster as fourOracles,
  keyOf,
  NOW,
  signRoster,
  signStatement,
  workload,
} from "../registry/fixture.ts";
import { MemoryStore } from "./memory-store.ts";

export interface Packet {
  readonly from: number;
  readonly to: number;
  readonly payload: Uint8Array;
}

/** What the network makes of a packet. */
export type Network = (packet: Packet) => readonly Packet[];

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

export interface Member {
  readonly id: number;
  store: MemoryStore;
  core: OracleCore;
  pool: OraclePool;
  up: boolean;
}

export function rosterOf(n: number): Roster {
  const byzantineMax = Math.floor((n - 1) / 3);
  const oracles = Array.from({ length: n }, (_, i) => ({
    id: i + 1,
    voteKey: keyOf(`oracle-${i + 1}`).publicKey,
  }));
  return { ...fourOracles, oracles, byzantineMax, quorum: n - byzantineMax };
}

/** OraclePools 1..n over stores, a network and a clock that the test holds in its hand. */
export class PoolCluster {
  readonly roster: Roster;
  readonly rosterHash: Uint8Array;
  readonly members: Member[] = [];
  readonly events: (HostEvent & { readonly oracle: number })[] = [];
  nowMs = 0;
  network: Network = (packet) => [packet];
  /** Called before each thing that happens; may crash somebody. */
  before: () => void = () => undefined;
  readonly #target: number;
  readonly #signed: SignedRoster;
  readonly #links = new Map<string, Packet[]>();
  #timers: Timer[] = [];
  #ordered = 0;
  #boots = 0;
  readonly #pick: (length: number) => number;

  constructor(n: number, target: number, pick: (length: number) => number = () => 0) {
    this.roster = rosterOf(n);
    this.rosterHash = rosterHash(this.roster);
    this.#signed = signRoster(this.roster, "alice", "bob");
    this.#target = target;
    this.#pick = pick;
    for (let id = 1; id <= n; id++) this.#boot(id, new MemoryStore());
  }

  member(id: number): Member {
    const member = this.members[id - 1];
    if (member === undefined) throw new Error(`no oracle ${id}`);
    return member;
  }

  #boot(id: number, store: MemoryStore): void {
    const alive = (): boolean => this.members[id - 1]?.store === store;
    const timers: Timers = {
      after: (delayMs, fire) => {
        const timer = {
          atMs: this.nowMs + delayMs,
          order: this.#ordered++,
          fire: () => alive() && fire(),
        };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
    };
    this.#boots += 1;
    const random = seededRandom(`${id}/${this.#boots}`);
    const core = new OracleCore(
      {
        group: anyGroup,
        oracle: id,
        voteSeed: keyOf(`oracle-${id}`).seed,
        rosters: [this.#signed],
        clock: { nowMs: () => NOW + this.nowMs, monotonicMs: () => this.nowMs },
        entropy: { random },
        timers,
        store,
        peers: {
          send: (to, message) => {
            if (!alive() || message.kind !== "dkg" || !this.member(to).up) return false;
            for (const packet of this.network({ from: id, to, payload: message.payload })) {
              if (!this.member(packet.to).up) continue;
              const link = `${packet.from}/${packet.to}`;
              this.#links.set(link, [...(this.#links.get(link) ?? []), packet]);
            }
            return true;
          },
        },
        events: (event) => this.events.push({ ...event, oracle: id }),
        poolKeysPerOracle: this.#target,
      },
      (error) => {
        throw error;
      },
    );
    this.members[id - 1] = { id, store, core, pool: new OraclePool(core), up: true };
  }

  /** Something the test does later on. */
  later(delayMs: number, fire: () => void): void {
    this.#timers.push({ atMs: this.nowMs + delayMs, order: this.#ordered++, fire });
  }

  /** Registers the fixture's workload at an oracle. */
  register(id: number): void {
    const { core, store } = this.member(id);
    const signed = signStatement(workload, undefined, { rosterHash: this.rosterHash });
    const key = subjectKey(subjectOf(workload));
    core.view.submit([put(statements, key, signed)], () => undefined);
    store.flushAll();
  }

  start(): this {
    const up = this.members.filter((member) => member.up);
    for (const { pool } of up) pool.start();
    for (const { pool, id } of up) for (const peer of up) if (peer.id !== id) pool.onPeerUp(peer.id);
    return this;
  }

  crash(id: number, kept = 0): void {
    const member = this.member(id);
    if (!member.up) return;
    member.up = false;
    member.store = member.store.crash(kept);
    for (const link of this.#links.keys()) {
      if (link.split("/").includes(String(id))) this.#links.delete(link);
    }
    for (const peer of this.members) if (peer.up) peer.pool.onPeerDown(id);
  }

  restart(id: number): void {
    const { up, store } = this.member(id);
    if (up) return;
    this.#boot(id, store);
    const { pool } = this.member(id);
    pool.start();
    for (const peer of this.members) {
      if (peer.id === id || !peer.up) continue;
      pool.onPeerUp(peer.id);
      peer.pool.onPeerUp(id);
    }
  }

  /** One thing happens: a write becomes durable, a packet arrives, or a timer fires. */
  #happen(untilMs: number): boolean {
    this.before();
    const busy = this.members.filter(({ store, up }) => up && store.pending > 0);
    const links = [...this.#links.values()].filter((queue) => queue.length > 0);
    if (busy.length + links.length > 0) {
      const picked = this.#pick(busy.length + links.length);
      if (picked < busy.length) busy[picked]?.store.flush();
      else this.#deliver(links[picked - busy.length]?.shift());
      return true;
    }
    const next = this.#timers.sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
    if (next === undefined || next.atMs > untilMs) return false;
    this.#timers.shift();
    this.nowMs = Math.max(this.nowMs, next.atMs);
    next.fire();
    return true;
  }

  #deliver(packet: Packet | undefined): void {
    if (packet === undefined) return;
    const { up, pool } = this.member(packet.to);
    if (up) pool.onDkg(packet.from, packet.payload);
  }

  /** Runs for a while, or until something holds. */
  run(forMs: number, until: () => boolean = () => false): this {
    const untilMs = this.nowMs + forMs;
    while (!until() && this.#happen(untilMs));
    if (!until()) this.nowMs = untilMs;
    return this;
  }

  get filled(): boolean {
    return this.members.every(({ up, pool }) => up && 2 * pool.size().owned >= this.#target);
  }

  /** What oracles said about how ceremonies failed: "oracle: code culprits". */
  get failures(): readonly string[] {
    return this.events
      .filter(({ event }) => event === "pool.aborted")
      .map((event) => `${event.oracle}: ${event["code"]} ${event["culprits"]}`);
  }
}

/** Changes the bodies of an oracle's ceremony messages; undefined loses the message. */
export function lies(
  from: number,
  change: (message: DkgMessage, to: number) => DkgMessage["body"] | undefined,
): Network {
  return (packet) => {
    const message = decodePoolMessage(packet.payload);
    if (packet.from !== from || message.kind !== "message") return [packet];
    const inner = decodeDkgMessage(message.payload);
    const body = change(inner, packet.to);
    if (body === undefined) return [];
    const payload = encodeDkgMessage({ ...inner, body });
    return [{ ...packet, payload: encodePoolMessage({ ...message, payload }) }];
  };
}
