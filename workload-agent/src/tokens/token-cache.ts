import type { Clock, Timers } from "@ipse/protocol/host";

/** A token somebody may use, until both clocks say that it is over. */
export interface Held<T> {
  readonly value: T;
  readonly expiresWallMs: number;
  readonly expiresMonotonicMs: number;
  readonly refreshMonotonicMs: number;
}

interface Entry<T> {
  held: Held<T> | undefined;
  pending: Promise<Held<T>> | undefined;
  /** Somebody asked since the last refresh. */
  used: boolean;
  cancel: () => void;
}

export interface Fetched<T> {
  readonly value: T;
  readonly lifetimeMs: number;
}

/** Fresh again at this fraction of the lifetime. */
const REFRESH_AT = 2 / 3;
const RETRY_MS_MIN = 1000;

/**
 * Tokens by key: concurrent requests share one fetch, and what is in use is renewed at two thirds of its lifetime
 * so that nobody waits for it. What nobody asks for any more is dropped when it expires. Bounded.
 */
export class TokenCache<T> {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #max: number;
  readonly #entries = new Map<string, Entry<T>>();

  constructor(clock: Clock, timers: Timers, max = 256) {
    this.#clock = clock;
    this.#timers = timers;
    this.#max = max;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The cached value for a key, or what `fetch` brings. Errors are not cached. */
  async get(key: string, fetch: () => Promise<Fetched<T>>): Promise<Held<T>> {
    const entry = this.#entry(key);
    entry.used = true;
    if (entry.held !== undefined && this.#isFresh(entry.held)) {
      if (this.#clock.monotonicMs() >= entry.held.refreshMonotonicMs)
        this.#refresh(key, entry, fetch).catch(() => undefined);
      return entry.held;
    }
    entry.held = undefined;
    return this.#refresh(key, entry, fetch);
  }

  /** Forgets everything: the instance changed or ended. */
  clear(): void {
    for (const entry of this.#entries.values()) entry.cancel();
    this.#entries.clear();
  }

  #isFresh(held: Held<T>): boolean {
    return this.#clock.monotonicMs() < held.expiresMonotonicMs && this.#clock.nowMs() < held.expiresWallMs;
  }

  #entry(key: string): Entry<T> {
    const known = this.#entries.get(key);
    // Re-inserted, so that the map's order is by last use.
    if (known !== undefined) this.#entries.delete(key);
    const entry = known ?? { held: undefined, pending: undefined, used: false, cancel: () => {} };
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#max && oldest !== undefined) this.#drop(oldest);
    return entry;
  }

  #drop(key: string): void {
    this.#entries.get(key)?.cancel();
    this.#entries.delete(key);
  }

  #refresh(key: string, entry: Entry<T>, fetch: () => Promise<Fetched<T>>): Promise<Held<T>> {
    entry.pending ??= fetch()
      .then(({ value, lifetimeMs }) => {
        const monotonicMs = this.#clock.monotonicMs();
        entry.held = {
          value,
          expiresWallMs: this.#clock.nowMs() + lifetimeMs,
          expiresMonotonicMs: monotonicMs + lifetimeMs,
          refreshMonotonicMs: monotonicMs + lifetimeMs * REFRESH_AT,
        };
        entry.used = false;
        this.#plan(key, entry, fetch, lifetimeMs * REFRESH_AT);
        return entry.held;
      })
      .finally(() => {
        entry.pending = undefined;
      });
    return entry.pending;
  }

  /** Renews what is in use; tries again while the old token lives; drops the rest at its end. */
  #plan(key: string, entry: Entry<T>, fetch: () => Promise<Fetched<T>>, delayMs: number): void {
    entry.cancel();
    entry.cancel = this.#timers.after(delayMs, () => {
      if (this.#entries.get(key) !== entry || entry.held === undefined) return;
      const leftMs = entry.held.expiresMonotonicMs - this.#clock.monotonicMs();
      if (leftMs <= 0) {
        this.#drop(key);
        return;
      }
      const retryMs = Math.max(RETRY_MS_MIN, leftMs / 3);
      if (!entry.used) this.#plan(key, entry, fetch, leftMs);
      else this.#refresh(key, entry, fetch).catch(() => this.#plan(key, entry, fetch, retryMs));
    });
  }
}
