import { byteKey } from "@ipse/protocol";
import { createOracle, type OracleOptions, type StoreOp } from "@ipse/protocol/host";
import { records } from "@ipse/protocol/session/oracle";
import type { OracleMessage } from "@ipse/protocol/wire";
import { type DiskImage, SimClock, SimEntropy, SimStore, SimTimers } from "../core/index.ts";
import type { AgentPacket } from "./network.ts";
import type { World } from "./world.ts";

export type OracleNodeLike = ReturnType<typeof createOracle>;

/**
 * What a Byzantine oracle or a negative control puts between the world and an
 * honest machine. Every hook may pass, change, drop or invent.
 */
export interface Interposer {
  /** Returns false to swallow a message of an agent (it may have answered itself). */
  onAgent?(packet: AgentPacket, reply: (message: OracleMessage) => void): boolean;
  /** Changes or drops (undefined) an answer. */
  onReply?(packet: AgentPacket, message: OracleMessage): OracleMessage | undefined;
  /** Wraps the ports the machine is built over. */
  ports?(options: OracleOptions): OracleOptions;
  /** Called after every start of the process. */
  started?(): void;
}

/** The instance whose record a row is of, or a part of. */
function instanceOf(key: Uint8Array): Uint8Array | undefined {
  for (const { prefix } of [records.instances, records.castVotes])
    if (prefix.every((byte, i) => key[i] === byte)) return key.slice(prefix.length);
  return undefined;
}

/** One oracle: its machine, disk, clock and entropy, and whether it is up. */
export class OracleProcess {
  readonly world: World;
  readonly id: number;
  readonly name: string;
  readonly clock: SimClock;
  readonly store: SimStore;
  entropy: SimEntropy;
  node: OracleNodeLike | undefined;
  /** Counts starts; whatever belonged to an earlier one is dead. */
  incarnation = 0;
  /** Not counted as correct by any checker. */
  byzantine = false;
  /** Its disk was put back to an old image. */
  rolledBack = false;
  readonly interposers: Interposer[] = [];
  #timers: SimTimers;
  failed: Error | undefined;

  constructor(world: World, id: number, image: DiskImage) {
    this.world = world;
    this.id = id;
    this.name = `o${id}`;
    const prng = world.prng.fork(this.name);
    this.clock = new SimClock(world.queue);
    this.store = new SimStore(world.queue, prng.fork("disk"), image);
    this.entropy = new SimEntropy(prng.fork("entropy"));
    this.#timers = new SimTimers(world.queue, this.clock);
    this.store.taps.push({ durable: (ops) => this.#durable(ops) });
  }

  get up(): boolean {
    return this.node !== undefined;
  }

  /** Correct and never rolled back: what the promises are about. */
  get correct(): boolean {
    return !this.byzantine && !this.rolledBack;
  }

  #durable(ops: readonly StoreOp[]): void {
    const told = new Set<string>();
    for (const { key } of ops) {
      const instance = instanceOf(key);
      if (instance === undefined || told.has(byteKey(instance))) continue;
      told.add(byteKey(instance));
      const record = this.node?.record(instance);
      if (record !== undefined) this.world.tell("recordDurable", this, record);
    }
  }

  record(instance: Uint8Array): records.InstanceRecord | undefined {
    return this.node?.record(instance);
  }

  boot(): void {
    if (this.node !== undefined) return;
    const { world } = this;
    this.incarnation++;
    this.failed = undefined;
    const mine = this.incarnation;
    this.#timers = new SimTimers(world.queue, this.clock);
    let options: OracleOptions = {
      group: world.group,
      oracle: this.id,
      voteSeed: world.cluster.voteSeeds[this.id - 1] ?? new Uint8Array(32),
      rosters: world.cluster.rosters,
      clock: this.clock,
      entropy: this.entropy,
      timers: this.#timers,
      store: this.store,
      peers: {
        send: (to, message) => this.incarnation === mine && world.peerSend(this.id, to, message),
      },
      events: (event) => world.tell("oracleEvent", this, event),
      poolKeysPerOracle: world.poolKeysPerOracle,
      ...(world.issuer === undefined ? {} : { issuer: world.issuer }),
    };
    for (const interposer of this.interposers) options = interposer.ports?.(options) ?? options;
    this.node = createOracle(options, (error) => {
      if (this.incarnation !== mine) return;
      this.failed = error;
      world.happened("write failed, process ends", this.name);
      this.halt();
    });
    this.node.start();
    world.happened("starts", this.name);
    for (const interposer of this.interposers) interposer.started?.();
    world.connectOracle(this.id);
  }

  /** Power goes: memory is lost, the disk keeps what was durable. */
  crash(): void {
    if (this.node !== undefined && !this.world.skips("fault", `${this.name} crashes`)) this.halt();
  }

  /** The same as a part of something else, which a shrinker leaves out whole or not at all. */
  halt(): void {
    if (this.node === undefined) return;
    this.node = undefined;
    this.incarnation++;
    this.#timers.kill();
    this.store.crash();
    this.world.happened("crashes", this.name);
    this.world.disconnectOracle(this.id);
  }

  restart(afterMs: number): void {
    if (this.world.skips("fault", `${this.name} restarts`)) return;
    this.halt();
    this.world.queue.after(afterMs, () => this.boot());
  }

  /** The disk is put back to an image and the process starts again on it. */
  rollback(image: DiskImage, afterMs = 100): void {
    if (this.world.skips("fault", `${this.name} is rolled back`)) return;
    this.halt();
    this.rolledBack = true;
    this.store.restore(image);
    this.world.happened("disk rolled back", this.name);
    this.world.queue.after(afterMs, () => this.boot());
  }

  /** A frame arrives; `reply` carries the answer back on the same connection. */
  receive(packet: AgentPacket, connection: string, reply: (message: OracleMessage) => void): void {
    const { node, world } = this;
    if (node === undefined) return;
    const mine = this.incarnation;
    const answer = (message: OracleMessage): void => {
      if (this.incarnation !== mine) return;
      let said: OracleMessage | undefined = message;
      for (const interposer of this.interposers) {
        if (said !== undefined && interposer.onReply !== undefined) said = interposer.onReply(packet, said);
      }
      if (said === undefined) return;
      const final = said;
      world.tell("oracleSaid", this, packet, final);
      reply(final);
    };
    world.tell("oracleGot", this, packet);
    for (const interposer of this.interposers) {
      if (interposer.onAgent?.(packet, answer) === false) return;
    }
    node.onAgentMessage(world.open(packet, connection), answer);
  }
}
