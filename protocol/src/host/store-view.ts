import { byteKey, concatBytes } from "../bytes.ts";
import { decode } from "../encoding/index.ts";
import { IpseError } from "../errors.ts";
import type { Store, StoreOp } from "./ports.ts";
import { type Mutation, readRecord, rowsOf, type Table, type View, viewAfter } from "./table.ts";

/** Decoded records of one table kept in memory; those that nobody asked for lately go first. */
const CACHE_RECORDS_MAX = 8192;

interface Pending {
  value: unknown;
  writes: number;
}

/** What is in memory of one table, by key. */
class TableCache {
  readonly pending = new Map<string, Pending>();
  /** Two generations: what is asked for moves to the young one, which replaces the old one when it is full. */
  #young = new Map<string, unknown>();
  #old = new Map<string, unknown>();

  get(name: string): unknown {
    const young = this.#young.get(name);
    if (young !== undefined) return young;
    const old = this.#old.get(name);
    if (old !== undefined) this.remember(name, old);
    return old;
  }

  remember(name: string, value: unknown): void {
    if (this.#young.size >= CACHE_RECORDS_MAX / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, value);
  }

  /**
   * A write is durable: what was read before is kept up to date. Nothing else enters by being written, or rows that
   * nobody reads again (history, burned ids) would push out those that every step reads.
   */
  settle(name: string): void {
    const pending = this.pending.get(name);
    if (pending === undefined) return;
    pending.writes -= 1;
    if (pending.writes > 0) return;
    this.pending.delete(name);
    if (pending.value === undefined) {
      this.#young.delete(name);
      this.#old.delete(name);
    } else if (this.#young.has(name)) this.#young.set(name, pending.value);
    else if (this.#old.has(name)) this.remember(name, pending.value);
  }
}

/**
 * What the machines read and the only thing that writes: records behind a cache,
 * with every submitted change visible at once and a promise to say when it is durable.
 */
export class StoreView implements View {
  readonly #store: Store;
  readonly #fail: (error: Error) => void;
  readonly #caches = new Map<string, TableCache>();
  #submitted = 0;
  #durable = 0;
  #waiting: { after: number; run: () => void }[] = [];

  /** `fail` is told of a write that did not become durable; the process must end (SPEC section 7). */
  constructor(store: Store, fail: (error: Error) => void) {
    this.#store = store;
    this.#fail = fail;
  }

  #cacheOf(name: string): TableCache {
    let cache = this.#caches.get(name);
    if (cache === undefined) {
      cache = new TableCache();
      this.#caches.set(name, cache);
    }
    return cache;
  }

  get<T>(from: Table<T>, key: Uint8Array): T | undefined {
    const cache = this.#cacheOf(from.name);
    const name = byteKey(key);
    const pending = cache.pending.get(name);
    const value = pending === undefined ? cache.get(name) : pending.value;
    if (value !== undefined || pending !== undefined) return value as T | undefined;
    const record = readRecord(from, key, (full) => this.#store.get(full));
    if (record !== undefined) cache.remember(name, record);
    return record;
  }

  scan<T>(from: Table<T>, limit: number, start?: Uint8Array, after?: Uint8Array): [Uint8Array, T][] {
    const prefix = concatBytes(from.prefix, start ?? new Uint8Array());
    const past = after === undefined ? undefined : concatBytes(from.prefix, after);
    const rows = this.#store.scan(prefix, limit, past);
    return rows.map(([key, value]) => [key.slice(from.prefix.length), decode(from.codec, value)]);
  }

  /** Makes changes visible now and durable soon; `done` runs once they are. All or nothing. */
  submit(mutations: readonly Mutation[], done: () => void): void {
    const ops: StoreOp[] = [];
    for (const [i, { table, key, value, ifAbsent }] of mutations.entries()) {
      if (ifAbsent === true && this.get(table, key) !== undefined) {
        throw new IpseError("ERR_STORE_CONFLICT", `a record of ${table.name} exists already`);
      }
      const before =
        table.part === undefined ? undefined : viewAfter(this, mutations.slice(0, i)).get(table, key);
      const [own, ...others] = rowsOf(table, key, value, before);
      if (own !== undefined) ops.push(ifAbsent === true ? { ...own, ifAbsent } : own);
      ops.push(...others);
    }
    const written = mutations.map(({ table, key, value }) => {
      const [cache, name] = [this.#cacheOf(table.name), byteKey(key)];
      const pending = cache.pending.get(name);
      if (pending === undefined) cache.pending.set(name, { value, writes: 1 });
      else {
        pending.value = value;
        pending.writes += 1;
      }
      return { cache, name };
    });
    this.#submitted += 1;
    this.#store.commit(ops, (error) => {
      if (error !== undefined) return this.#fail(error);
      this.#durable += 1;
      for (const { cache, name } of written) cache.settle(name);
      done();
      this.#release();
    });
  }

  #release(): void {
    while ((this.#waiting[0]?.after ?? Number.POSITIVE_INFINITY) <= this.#durable)
      this.#waiting.shift()?.run();
  }

  /** Runs once everything submitted so far is durable; at once when it is. */
  afterPending(run: () => void): void {
    if (this.#durable === this.#submitted) return run();
    this.#waiting.push({ after: this.#submitted, run });
  }
}
