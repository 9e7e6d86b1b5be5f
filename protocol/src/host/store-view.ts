import { byteKey, concatBytes } from "../bytes.ts";
import { decode, encode, remembered } from "../encoding/index.ts";
import { IpseError } from "../errors.ts";
import type { Store, StoreOp } from "./ports.ts";
import type { Mutation, Table, View } from "./table.ts";

/** Decoded records kept in memory; those that nobody asked for lately go first. */
const CACHE_RECORDS_MAX = 8192;

const prefixKey = remembered(byteKey);

function nameOf({ prefix }: Table<unknown>, key: Uint8Array): string {
  return prefixKey(prefix) + byteKey(key);
}

/**
 * What the machines read and the only thing that writes: records behind a cache,
 * with every submitted change visible at once and a promise to say when it is durable.
 */
export class StoreView implements View {
  readonly #store: Store;
  readonly #fail: (error: Error) => void;
  /** Two generations: what is asked for moves to the young one, which replaces the old one when it is full. */
  #young = new Map<string, unknown>();
  #old = new Map<string, unknown>();
  readonly #pending = new Map<string, { value: unknown; writes: number }>();
  #submitted = 0;
  #durable = 0;
  #waiting: { after: number; run: () => void }[] = [];

  /** `fail` is told of a write that did not become durable; the process must end (SPEC section 7). */
  constructor(store: Store, fail: (error: Error) => void) {
    this.#store = store;
    this.#fail = fail;
  }

  get<T>(from: Table<T>, key: Uint8Array): T | undefined {
    const name = nameOf(from as Table<unknown>, key);
    const pending = this.#pending.get(name);
    if (pending !== undefined) return pending.value as T | undefined;
    const young = this.#young.get(name);
    if (young !== undefined) return young as T;
    const old = this.#old.get(name);
    if (old !== undefined) {
      this.#remember(name, old);
      return old as T;
    }
    const bytes = this.#store.get(concatBytes(from.prefix, key));
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
    if (this.#young.size >= CACHE_RECORDS_MAX / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, value);
  }

  #forget(name: string): void {
    this.#young.delete(name);
    this.#old.delete(name);
  }

  /** Makes changes visible now and durable soon; `done` runs once they are. All or nothing. */
  submit(mutations: readonly Mutation[], done: () => void): void {
    const ops: StoreOp[] = [];
    const names: string[] = [];
    for (const { table, key, value, ifAbsent } of mutations) {
      const full = concatBytes(table.prefix, key);
      const name = nameOf(table, key);
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
      if (pending.value === undefined) this.#forget(name);
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
