/**
 * Everything a machine's host needs from outside: time, randomness, disk,
 * network. Production and the simulator implement these; nothing else differs.
 */

export interface Clock {
  /** Wall time in ms since the Unix epoch; may jump. */
  nowMs(): number;
  /** Monotonic time in ms from an arbitrary origin; heartbeats and time-outs use it. */
  monotonicMs(): number;
}

export interface Entropy {
  /** Fresh bytes from the kernel's generator, never from a userspace pool that a snapshot would copy. */
  random(count: number): Uint8Array;
}

export interface Timers {
  /** Calls `fire` once after at least `delayMs`; the returned function cancels. */
  after(delayMs: number, fire: () => void): () => void;
}

/** One write: a value, or a deletion when it is undefined. A store copies what it keeps: values share memory with others. */
export interface StoreOp {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
  /** The whole commit fails with ERR_STORE_CONFLICT when the key exists. */
  readonly ifAbsent?: boolean;
}

/** An ordered key-value store with atomic, durable commits. */
export interface Store {
  get(key: Uint8Array): Uint8Array | undefined;
  /**
   * Up to `limit` entries whose key starts with `prefix` and is greater than `after`, in key order. Throws for the
   * prefix of a point table (table.ts): those grow with instances, and their keys are not at hand.
   */
  scan(prefix: Uint8Array, limit: number, after?: Uint8Array): [key: Uint8Array, value: Uint8Array][];
  /**
   * Reads up to `limit` keys that start with `prefix` and are greater than `after`, in key order: those of some
   * moment between the call and `done`. A key may be gone, or not be shown yet, when `done` runs: look it up with
   * `get`. `done` runs after this has returned, and never once the store is closed.
   */
  page(
    prefix: Uint8Array,
    limit: number,
    after: Uint8Array | undefined,
    done: (keys: Uint8Array[]) => void,
  ): void;
  /**
   * Applies all or nothing. Commits are applied in call order; `get` and `scan` show
   * them from the moment `done` is called, `get` of a point table's key perhaps earlier: whoever reads through a
   * StoreView sees them from the call on. `done(undefined)` only once the write would survive a power cut. `done(error)`: nothing was applied; any error but
   * ERR_STORE_CONFLICT ends the process (SPEC section 7).
   */
  commit(ops: readonly StoreOp[], done: (error: Error | undefined) => void): void;
}

/** One value, replaced atomically and durably: the agent's state file. */
export interface StateFile {
  load(): Uint8Array | undefined;
  /** Fsync, atomic rename, directory fsync, then `done`. The caller zeroizes `bytes` after that. */
  save(bytes: Uint8Array, done: (error: Error | undefined) => void): void;
}

/** A structured event for the log and the counters; never carries a secret. */
export interface HostEvent {
  readonly level: "debug" | "info" | "warn" | "error";
  /** A stable word, e.g. `step.voted`, `fork.detected`. */
  readonly event: string;
  readonly [field: string]: string | number | boolean | undefined;
}
export type EventSink = (event: HostEvent) => void;
