import { IpseError } from "@ipse/protocol";
import { POINT_MARK, refusePointScan, type Store, type StoreOp } from "@ipse/protocol/host";
import { fromKeyText, toKeyText } from "./key-text.ts";
import { SortedKeys } from "./sorted-keys.ts";

/** One write of a merged batch; a deletion when the value is undefined. */
export interface BackendOp {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** What a disk has to offer: reads at once, and one atomic, durable write at a time. */
export interface Backend {
  get(key: string): Uint8Array | undefined;
  /** Up to `limit` keys with the prefix that are greater than `after`, in order, as of some moment after the call. */
  keys(prefix: string, limit: number, after: string | undefined): Promise<string[]>;
  /** Resolves once the ops would survive a power cut; all of them or none. */
  write(ops: readonly BackendOp[]): Promise<void>;
}

interface Commit {
  readonly ops: readonly (BackendOp & { readonly ifAbsent: boolean })[];
  readonly done: (error: Error | undefined) => void;
}

/** Whether a key is only ever read by itself. */
const isPoint = (key: string): boolean => key.startsWith(POINT_MARK);

/** Ops of one merged batch; what waits longer than one fsync goes with the next. */
const GROUP_OPS_MAX = 8192;

/**
 * A Store over one-write-at-a-time backends. Commits that arrive while a write is under way are merged into
 * the next one, so that the price of an fsync is shared. What may be scanned is shown from the moment a commit's `done` is
 * called, never before: until then `#shown` keeps the value a running write replaces (undefined: there is none). Keys of
 * point tables are not kept in memory; what they held before is not read for the sake of showing it a little longer.
 */
export class GroupCommitStore implements Store {
  readonly #backend: Backend;
  readonly #keys: SortedKeys;
  readonly #shown = new Map<string, Uint8Array | undefined>();
  readonly #fatal: (error: Error) => void;
  #queue: Commit[] = [];
  #writing = false;
  #failed = false;
  #reading = 0;
  #idle: (() => void)[] = [];

  /** `keys`: every key the backend holds outside of point tables, sorted. `fatal`: a durable write failed; the process must end. */
  constructor(backend: Backend, keys: readonly string[], fatal: (error: Error) => void) {
    this.#backend = backend;
    this.#keys = new SortedKeys(keys);
    this.#fatal = fatal;
  }

  /** Keys that may be scanned. */
  get size(): number {
    return this.#keys.size;
  }

  #value(key: string): Uint8Array | undefined {
    if (this.#shown.has(key)) return this.#shown.get(key)?.slice();
    return isPoint(key) || this.#keys.has(key) ? this.#backend.get(key) : undefined;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#value(toKeyText(key));
  }

  scan(prefix: Uint8Array, limit: number, after?: Uint8Array): [Uint8Array, Uint8Array][] {
    refusePointScan(prefix);
    const keys = this.#keys.scan(toKeyText(prefix), limit, after && toKeyText(after));
    return keys.map((key) => [fromKeyText(key), this.#value(key) ?? new Uint8Array()]);
  }

  page(
    prefix: Uint8Array,
    limit: number,
    after: Uint8Array | undefined,
    done: (keys: Uint8Array[]) => void,
  ): void {
    const [start, past] = [toKeyText(prefix), after && toKeyText(after)];
    if (isPoint(start)) void this.#pageOf(start, limit, past, done);
    else setImmediate(() => done(this.#keys.scan(start, limit, past).map(fromKeyText)));
  }

  async #pageOf(
    start: string,
    limit: number,
    after: string | undefined,
    done: (keys: Uint8Array[]) => void,
  ): Promise<void> {
    this.#reading += 1;
    let keys: string[];
    try {
      keys = await this.#backend.keys(start, limit, after);
    } catch (cause) {
      this.#fail([], cause);
      return;
    } finally {
      this.#reading -= 1;
    }
    if (!this.#failed) done(keys.map(fromKeyText));
    this.#settle();
  }

  commit(ops: readonly StoreOp[], done: (error: Error | undefined) => void): void {
    const staged = ops.map(({ key, value, ifAbsent }) => ({
      key: toKeyText(key),
      value,
      ifAbsent: ifAbsent === true,
    }));
    this.#queue.push({ ops: staged, done });
    this.#kick();
  }

  get #isIdle(): boolean {
    return !this.#writing && this.#queue.length === 0 && this.#reading === 0;
  }

  /** Calls `done` once nothing is queued and no read or write is under way. */
  whenIdle(done: () => void): void {
    if (this.#isIdle) done();
    else this.#idle.push(done);
  }

  #settle(): void {
    if (this.#isIdle) for (const idle of this.#idle.splice(0)) idle();
  }

  #kick(): void {
    if (this.#writing || this.#failed) return;
    this.#writing = true;
    // After this turn of the event loop, so that all of its commits share one write.
    setImmediate(() => void this.#flush());
  }

  #takeGroup(): Commit[] {
    let ops = 0;
    let count = 0;
    for (const commit of this.#queue) {
      ops += commit.ops.length;
      if (count > 0 && ops > GROUP_OPS_MAX) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  /** Judges each commit's conditions after those before it; returns the last value per key of what holds. */
  #merge(group: readonly Commit[], conflicts: Set<Commit>): Map<string, Uint8Array | undefined> {
    const merged = new Map<string, Uint8Array | undefined>();
    const exists = (key: string): boolean =>
      merged.has(key) ? merged.get(key) !== undefined : this.#value(key) !== undefined;
    for (const commit of group) {
      if (commit.ops.some((op) => op.ifAbsent && exists(op.key))) conflicts.add(commit);
      else for (const op of commit.ops) merged.set(op.key, op.value);
    }
    return merged;
  }

  async #flush(): Promise<void> {
    const group = this.#takeGroup();
    const conflicts = new Set<Commit>();
    const merged = this.#merge(group, conflicts);
    for (const key of merged.keys()) if (!isPoint(key)) this.#shown.set(key, this.#value(key));
    try {
      if (merged.size > 0) {
        await this.#backend.write([...merged].map(([key, value]) => ({ key, value })));
      }
    } catch (cause) {
      this.#fail(group, cause);
      return;
    }
    this.#reveal(group, conflicts);
    this.#writing = false;
    if (this.#queue.length > 0) this.#kick();
    else this.#settle();
  }

  #reveal(group: readonly Commit[], conflicts: ReadonlySet<Commit>): void {
    const writers = new Map<string, number>();
    for (const commit of group) {
      if (conflicts.has(commit)) continue;
      for (const { key } of commit.ops) writers.set(key, (writers.get(key) ?? 0) + 1);
    }
    for (const commit of group) {
      if (conflicts.has(commit)) {
        commit.done(new IpseError("ERR_STORE_CONFLICT", "a key that had to be absent exists"));
        continue;
      }
      for (const { key, value } of commit.ops) {
        const left = (writers.get(key) ?? 1) - 1;
        writers.set(key, left);
        if (isPoint(key)) continue;
        if (value === undefined) this.#keys.delete(key);
        else this.#keys.add(key);
        if (left === 0) this.#shown.delete(key);
        else this.#shown.set(key, value);
      }
      commit.done(undefined);
    }
  }

  #fail(group: readonly Commit[], cause: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.#fatal(error);
    for (const commit of [...group, ...this.#queue.splice(0)]) commit.done(error);
    for (const idle of this.#idle.splice(0)) idle();
  }
}
