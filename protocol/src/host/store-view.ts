import { concatBytes } from "../bytes.ts";
import { decode, encode } from "../encoding/index.ts";
import { IpseError } from "../errors.ts";
import type { Store, StoreOp } from "./ports.ts";
import type { Mutation, Table, View } from "./table.ts";

/** Decoded records kept in memory; the least recently used go first. */
const CACHE_RECORDS_MAX = 8192;

function mapKey(key: Uint8Array): string {
  return String.fromCharCode(...key);
}

/**
 * What the machines read and the only thing that writes: records behind a cache,
 * with every submitted change visible at once and a promise to say when it is durable.
 */
export class StoreView implements View {
  readonly #store: Store;
  readonly #fail: (error: Error) => void;
  readonly #cache = new Map<string, unknown>();
  readonly #pending = new Map<string, { value: unknown; writes: number }>();
  #submitted = 0;
  #durable = 0;
  #waiting: { after: number; run: () => void }[] = [];

  /** `fail` is told of a write that did not become durable; the process must end (PROTOCOL section 3). */
  constructor(store: Store, fail: (error: Error) => void) {
    this.#store = store;
    this.#fail = fail;
  }

  get<T>(from: Table<T>, key: Uint8Array): T | undefined {
    const full = concatBytes(from.prefix, key);
    const name = mapKey(full);
    const pending = this.#pending.get(name);
    if (pending !== undefined) return pending.value as T | undefined;
    if (this.#cache.has(name)) {
      const value = this.#cache.get(name) as T | undefined;
      this.#cache.delete(name);
      this.#cache.set(name, value);
      return value;
    }
    const bytes = this.#store.get(full);
    if (bytes === undefined) return undefined;
    const value = decode(from.codec, bytes);
    this.#remember(name, value);
    return value;
  }

  scan<T>(from: Table<T>, limit: number, start?: Uint8Array, after?: Uint8Array): [Uint8Array, T][] {
    const prefix = concatBytes(from.prefix, start ?? new Uint8Array());
    const past = after === undefined ? undefined : concatBytes(from.prefix, after);
    const rows = this.#store.scan(prefix, limit, past);
    return rows.map(([key, value]) => [key.slice(from.prefix.length), decode(from.codec, value)]);
  }

  #remember(name: string, value: unknown): void {
    this.#cache.delete(name);
    this.#cache.set(name, value);
    if (this.#cache.size <= CACHE_RECORDS_MAX) return;
    const oldest = this.#cache.keys().next().value;
    if (oldest !== undefined) this.#cache.delete(oldest);
  }

  /** Makes changes visible now and durable soon; `done` runs once they are. All or nothing. */
  submit(mutations: readonly Mutation[], done: () => void): void {
    const ops: StoreOp[] = [];
    const names: string[] = [];
    for (const { table, key, value, ifAbsent } of mutations) {
      const full = concatBytes(table.prefix, key);
      const name = mapKey(full);
      if (ifAbsent === true && this.get(table, key) !== undefined) {
        throw new IpseError("ERR_STORE_CONFLICT", `a record of ${table.name} exists already`);
      }
      const bytes = value === undefined ? undefined : encode(table.codec, value);
      ops.push({ key: full, value: bytes, ...(ifAbsent === true ? { ifAbsent } : {}) });
      names.push(name);
    }
    mutations.forEach(({ value }, i) => {
      const name = names[i] ?? "";
      const writes = (this.#pending.get(name)?.writes ?? 0) + 1;
      this.#pending.set(name, { value, writes });
    });
    this.#submitted += 1;
    this.#store.commit(ops, (error) => {
      if (error !== undefined) return this.#fail(error);
      this.#settle(names);
      done();
      this.#release();
    });
  }

  #settle(names: readonly string[]): void {
    this.#durable += 1;
    for (const name of names) {
      const pending = this.#pending.get(name);
      if (pending === undefined) continue;
      pending.writes -= 1;
      if (pending.writes > 0) continue;
      this.#pending.delete(name);
      if (pending.value === undefined) this.#cache.delete(name);
      else this.#remember(name, pending.value);
    }
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
