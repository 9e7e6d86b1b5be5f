import { IpseError } from "@ipse/protocol";
import { refusePointScan, type Store, type StoreOp } from "@ipse/protocol/host";
import type { EventQueue } from "./event-queue.ts";
import type { Prng } from "./prng.ts";

/** How a disk misbehaves; all off by default. */
export interface DiskFaults {
  /** Commits answer with an error. */
  full: boolean;
  /** `done` comes, but a crash takes back everything since this was set. */
  lyingFsync: boolean;
}

/** Sees every commit as it becomes durable (checkers, traces) and may change what is written (negative controls). */
export interface StoreTap {
  rewrite?(ops: readonly StoreOp[]): readonly StoreOp[];
  durable?(ops: readonly StoreOp[]): void;
}

function keyText(key: Uint8Array): string {
  return String.fromCharCode.apply(null, key as unknown as number[]);
}

function keyBytes(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

/** The content of a disk; snapshots share the value bytes, which nobody changes in place. */
export type DiskImage = ReadonlyMap<string, Uint8Array>;

/**
 * One machine's ordered store on a simulated disk: commits take time, a crash loses
 * those that are not done (at a torn write the log's checksum drops the whole commit),
 * an image may be put back.
 */
export class SimStore implements Store {
  readonly #queue: EventQueue;
  readonly #prng: Prng;
  #data: Map<string, Uint8Array>;
  #keys: string[] | undefined;
  #epoch = 0;
  #beforeLie: Map<string, Uint8Array> | undefined;
  #lastDoneAt = 0;
  readonly faults: DiskFaults = { full: false, lyingFsync: false };
  readonly taps: StoreTap[] = [];
  /** Mean commit latency. */
  latencyMs = 0.5;
  commits = 0;
  /** Negative control "skipped P2": `done` comes before the commit is safe. */
  earlyDone = false;
  /** Crashes the machine instead of starting commit number n (persist points). */
  onCommit: ((commit: number) => "proceed" | "lose") | undefined;

  constructor(queue: EventQueue, prng: Prng, image: DiskImage = new Map()) {
    this.#queue = queue;
    this.#prng = prng;
    this.#data = new Map(image);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#data.get(keyText(key));
  }

  #sorted(): string[] {
    this.#keys ??= [...this.#data.keys()].sort();
    return this.#keys;
  }

  scan(prefix: Uint8Array, limit: number, after?: Uint8Array): [Uint8Array, Uint8Array][] {
    refusePointScan(prefix);
    return this.#read(prefix, limit, after);
  }

  /** The keys are those of the moment the read ends, at a time of its own; a crash ends it. */
  page(
    prefix: Uint8Array,
    limit: number,
    after: Uint8Array | undefined,
    done: (keys: Uint8Array[]) => void,
  ): void {
    const epoch = this.#epoch;
    this.#queue.after(this.latencyMs * (0.5 + this.#prng.unit()), () => {
      if (epoch === this.#epoch) done(this.#read(prefix, limit, after).map(([key]) => key));
    });
  }

  #read(prefix: Uint8Array, limit: number, after?: Uint8Array): [Uint8Array, Uint8Array][] {
    const start = keyText(prefix);
    const past = after === undefined ? "" : keyText(after);
    const found: [Uint8Array, Uint8Array][] = [];
    const keys = this.#sorted();
    for (let i = lowerBound(keys, maxText(past, start)); i < keys.length; i++) {
      const key = keys[i] ?? "";
      if (!key.startsWith(start) || found.length >= limit) break;
      const value = this.#data.get(key);
      if (key > past && value !== undefined) found.push([keyBytes(key), value]);
    }
    return found;
  }

  commit(ops: readonly StoreOp[], done: (error: Error | undefined) => void): void {
    const epoch = this.#epoch;
    const mine = ++this.commits;
    const fate = this.onCommit?.(mine) ?? "proceed";
    if (epoch !== this.#epoch) return;
    const written = this.taps.reduce<readonly StoreOp[]>((all, tap) => tap.rewrite?.(all) ?? all, ops);
    const latency = this.latencyMs * (0.5 + this.#prng.unit());
    const at = Math.max(this.#queue.now + latency, this.#lastDoneAt);
    this.#lastDoneAt = at;
    if (this.earlyDone) this.#queue.after(0, () => (epoch === this.#epoch ? done(undefined) : undefined));
    this.#queue.at(at, () => {
      if (epoch !== this.#epoch || fate === "lose") return;
      if (this.faults.full) return done(new Error("no space left on the simulated disk"));
      const conflict = written.some((op) => op.ifAbsent === true && this.#data.has(keyText(op.key)));
      if (conflict) return done(new IpseError("ERR_STORE_CONFLICT", "a key exists already"));
      this.#apply(written);
      for (const tap of this.taps) tap.durable?.(written);
      if (epoch === this.#epoch && !this.earlyDone) done(undefined);
    });
  }

  #apply(ops: readonly StoreOp[]): void {
    if (this.faults.lyingFsync) this.#beforeLie ??= new Map(this.#data);
    for (const { key, value } of ops) {
      const name = keyText(key);
      if (value === undefined) this.#data.delete(name);
      else if (!this.#data.has(name)) this.#keys = undefined;
      if (value === undefined) this.#keys = undefined;
      else this.#data.set(name, value.slice());
    }
  }

  /** The machine lost power: what was not durable is gone. */
  crash(): void {
    this.#epoch++;
    this.#lastDoneAt = 0;
    if (this.#beforeLie === undefined) return;
    this.#data = this.#beforeLie;
    this.#beforeLie = undefined;
    this.#keys = undefined;
  }

  image(): DiskImage {
    return new Map(this.#data);
  }

  /** Puts an old image back (a restored backup, a rolled-back volume). The machine must be down. */
  restore(image: DiskImage): void {
    this.#epoch++;
    this.#data = new Map(image);
    this.#keys = undefined;
  }

  get bytes(): number {
    let sum = 0;
    for (const [key, value] of this.#data) sum += key.length + value.length;
    return sum;
  }
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function maxText(a: string, b: string): string {
  if (a < b) return b;
  return a;
}
