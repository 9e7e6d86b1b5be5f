import { fromHex, toHex } from "../../src/bytes.ts";
import { IpseError } from "../../src/errors.ts";
import type { Store, StoreOp } from "../../src/host/ports.ts";
import { refusePointScan } from "../../src/host/table.ts";

interface Commit {
  readonly ops: readonly StoreOp[];
  readonly done: (error: Error | undefined) => void;
}

/** A Store whose commits become durable, and whose pages are read, one by one when the test says so; a crash loses the others. */
export class MemoryStore implements Store {
  readonly #durable: Map<string, Uint8Array>;
  #pending: (Commit | (() => void))[] = [];
  #dead = false;
  /** Commits asked for so far. */
  commits = 0;

  constructor(durable: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#durable = new Map(durable);
  }

  get pending(): number {
    return this.#pending.length;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#durable.get(toHex(key))?.slice();
  }

  #keys(prefix: Uint8Array, limit: number, after: Uint8Array | undefined): string[] {
    const start = toHex(prefix);
    const past = after === undefined ? "" : toHex(after);
    return [...this.#durable.keys()]
      .filter((key) => key.startsWith(start) && key > past)
      .sort()
      .slice(0, limit);
  }

  scan(prefix: Uint8Array, limit: number, after?: Uint8Array): [Uint8Array, Uint8Array][] {
    refusePointScan(prefix);
    return this.#keys(prefix, limit, after).map((key) => [
      fromHex(key) ?? new Uint8Array(),
      this.#durable.get(key)?.slice() ?? new Uint8Array(),
    ]);
  }

  page(
    prefix: Uint8Array,
    limit: number,
    after: Uint8Array | undefined,
    done: (keys: Uint8Array[]) => void,
  ): void {
    if (this.#dead) return;
    const read = (): Uint8Array[] =>
      this.#keys(prefix, limit, after).map((key) => fromHex(key) ?? new Uint8Array());
    this.#pending.push(() => done(read()));
  }

  commit(ops: readonly StoreOp[], done: (error: Error | undefined) => void): void {
    if (this.#dead) return;
    this.commits += 1;
    this.#pending.push({ ops: ops.map((op) => ({ ...op, value: op.value?.slice() })), done });
  }

  #apply(ops: readonly StoreOp[]): boolean {
    if (ops.some((op) => op.ifAbsent === true && this.#durable.has(toHex(op.key)))) return false;
    for (const { key, value } of ops) {
      if (value === undefined) this.#durable.delete(toHex(key));
      else this.#durable.set(toHex(key), value);
    }
    return true;
  }

  /** Makes the oldest commit durable and says so, or reads the oldest page. */
  flush(): boolean {
    const commit = this.#pending.shift();
    if (commit === undefined) return false;
    if (typeof commit === "function") {
      commit();
      return true;
    }
    const applied = this.#apply(commit.ops);
    commit.done(applied ? undefined : new IpseError("ERR_STORE_CONFLICT", "a key exists"));
    return true;
  }

  flushAll(): void {
    while (this.flush());
  }

  /**
   * The process dies: no callback comes any more. The first `kept` commits under way had reached the disk
   * without anybody being told. Returns the disk as the next process finds it.
   */
  crash(kept = 0): MemoryStore {
    this.#dead = true;
    const commits = this.#pending.filter((one) => typeof one !== "function");
    for (const { ops } of commits.slice(0, kept)) this.#apply(ops);
    this.#pending = [];
    return new MemoryStore(this.#durable);
  }
}
