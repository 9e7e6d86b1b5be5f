import { compareBytes, toHex } from "../../../src/bytes.ts";
import type { Entropy, StateFile, Store, StoreOp, Timers } from "../../../src/host/ports.ts";
import { refusePointScan } from "../../../src/host/table.ts";
import { seededRandom } from "../../group/backends.ts";
import { START_MS } from "./cast.ts";

/** Something that may happen next. What a schedule picks from. */
export interface Pending {
  readonly label: string;
  readonly run: () => void;
  /** May be lost or doubled: a message. */
  readonly message: boolean;
  alive: boolean;
}

/** More events than any calm stretch takes: what exceeds it goes round in circles. */
const EVENTS_MAX = 200_000;

/** Virtual time and everything that is under way: messages, writes, timers. A schedule decides what comes next. */
export class World {
  elapsedMs = 0;
  readonly #random: (length: number) => Uint8Array;
  #pending: Pending[] = [];
  #timers: { atMs: number; fire: () => void; alive: boolean; order: number }[] = [];
  #order = 0;

  constructor(seed: string) {
    this.#random = seededRandom(seed);
  }

  readonly clock = {
    nowMs: (): number => START_MS + Math.floor(this.elapsedMs),
    monotonicMs: (): number => this.elapsedMs,
  };
  readonly entropy: Entropy = { random: (count) => this.#random(count) };

  /** Timers of one process; all die with it. */
  timersOf(alive: () => boolean): Timers {
    return {
      after: (delayMs, fire) => {
        const timer = {
          atMs: this.elapsedMs + Math.max(1, delayMs),
          fire,
          alive: true,
          order: this.#order++,
        };
        this.#timers.push(timer);
        const guarded = timer.fire;
        timer.fire = () => (alive() ? guarded() : undefined);
        return () => {
          timer.alive = false;
        };
      },
    };
  }

  add(label: string, run: () => void, message = true): Pending {
    const pending = { label, run, message, alive: true };
    this.#pending.push(pending);
    return pending;
  }

  get pending(): readonly Pending[] {
    this.#pending = this.#pending.filter((one) => one.alive);
    return this.#pending;
  }

  take(index: number): Pending | undefined {
    const one = this.pending[index];
    if (one !== undefined) one.alive = false;
    return one;
  }

  /** Advances to the next timer and fires it; false when there is none. */
  fireTimer(): boolean {
    this.#timers = this.#timers.filter((timer) => timer.alive);
    this.#timers.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    const next = this.#timers.shift();
    if (next === undefined) return false;
    this.elapsedMs = Math.max(this.elapsedMs, next.atMs);
    next.alive = false;
    next.fire();
    return true;
  }

  /** Everything that is under way happens, in order, and time passes, until `over` or `untilMs` from now. */
  settle(untilMs: number, over: () => boolean = () => false): void {
    const endMs = this.elapsedMs + untilMs;
    let events = 0;
    while (this.elapsedMs < endMs && !over()) {
      if (++events > EVENTS_MAX)
        throw new Error(`a livelock: ${this.pending.slice(0, 8).map((one) => one.label)}`);
      const next = this.take(0);
      if (next !== undefined) next.run();
      else if (!this.fireTimer()) return;
    }
  }
}

const mapKey = (key: Uint8Array): string => toHex(key);

/** A disk: writes become durable when the schedule lets them; a crash loses the others. */
export class Disk implements Store {
  readonly #rows = new Map<string, [Uint8Array, Uint8Array]>();
  #waiting: { ops: readonly StoreOp[]; done: (error: Error | undefined) => void; pending: Pending }[] = [];
  readonly #reads = new Set<Pending>();
  readonly #world: World;
  readonly #label: string;

  constructor(world: World, label: string) {
    this.#world = world;
    this.#label = label;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#rows.get(mapKey(key))?.[1].slice();
  }

  #read(prefix: Uint8Array, limit: number, after?: Uint8Array): [Uint8Array, Uint8Array][] {
    const start = mapKey(prefix);
    return [...this.#rows.entries()]
      .filter(
        ([name, [key]]) => name.startsWith(start) && (after === undefined || compareBytes(key, after) > 0),
      )
      .map(([, [key, value]]): [Uint8Array, Uint8Array] => [key.slice(), value.slice()])
      .sort(([a], [b]) => compareBytes(a, b))
      .slice(0, limit);
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
    const read = this.#world.add(
      `${this.#label} page`,
      () => {
        this.#reads.delete(read);
        done(this.#read(prefix, limit, after).map(([key]) => key));
      },
      false,
    );
    this.#reads.add(read);
  }

  commit(ops: readonly StoreOp[], done: (error: Error | undefined) => void): void {
    const pending = this.#world.add(`${this.#label} commit`, () => this.#apply(), false);
    this.#waiting.push({ ops, done, pending });
  }

  /** The oldest write becomes durable, whichever of them the schedule named. */
  #apply(): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    for (const { key, value } of next.ops) {
      if (value === undefined) this.#rows.delete(mapKey(key));
      else this.#rows.set(mapKey(key), [key.slice(), value.slice()]);
    }
    next.done(undefined);
  }

  /** Power loss: the first `kept` of the waiting writes made it, nobody is told. */
  crash(kept: number): void {
    const lost = this.#waiting;
    this.#waiting = [];
    for (const { ops } of lost.slice(0, kept)) {
      for (const { key, value } of ops) {
        if (value === undefined) this.#rows.delete(mapKey(key));
        else this.#rows.set(mapKey(key), [key.slice(), value.slice()]);
      }
    }
    for (const { pending } of lost) pending.alive = false;
    for (const read of this.#reads) read.alive = false;
    this.#reads.clear();
  }

  /** The durable rows, to start other disks from. */
  rows(): readonly (readonly [Uint8Array, Uint8Array])[] {
    return [...this.#rows.values()];
  }

  fill(rows: readonly (readonly [Uint8Array, Uint8Array])[]): void {
    for (const [key, value] of rows) this.#rows.set(mapKey(key), [key, value]);
  }

  get waiting(): number {
    return this.#waiting.length;
  }
}

/** An agent's state file, written like a disk: durable when the schedule lets it. */
export class MemoryStateFile implements StateFile {
  durable: Uint8Array | undefined;
  #waiting: { bytes: Uint8Array; pending: Pending } | undefined;
  readonly #world: World;

  constructor(world: World, durable?: Uint8Array) {
    this.#world = world;
    this.durable = durable?.slice();
  }

  load(): Uint8Array | undefined {
    return this.durable?.slice();
  }

  save(bytes: Uint8Array, done: (error: Error | undefined) => void): void {
    const kept = bytes.slice();
    const pending = this.#world.add(
      "agent save",
      () => {
        this.#waiting = undefined;
        this.durable = kept;
        done(undefined);
      },
      false,
    );
    this.#waiting = { bytes: kept, pending };
  }

  /** Power loss while a save is under way: the rename made it, or it did not. */
  crash(kept: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    waiting.pending.alive = false;
    if (kept) this.durable = waiting.bytes;
  }
}
