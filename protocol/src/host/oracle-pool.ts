import { ceremonyKeysMax } from "../dkg/index.ts";
import type { Hash } from "../encoding/index.ts";
import { errorCode } from "../errors.ts";
import { rosterHash } from "../registry/roster.ts";
import type { OracleMessage, ReserveRequest } from "../wire/session.ts";
import { poolBook } from "./ceremony-book.ts";
import type { OracleCore } from "./oracle-core.ts";
import { PoolCeremonies } from "./pool-ceremonies.ts";
import { PoolKeys } from "./pool-keys.ts";
import { onReserve } from "./pool-reserve.ts";
import { decodePoolMessage, type PoolMessage } from "./pool-wire.ts";

const KEYS_PER_ORACLE = 16;
/** Unreserved keys of mine beyond which no ceremony may bring me, in targets. */
const FULL_TARGETS = 8;
const TICK_MS = 500;
const RECOUNT_MS = 60_000;
/** How much longer each next oracle waits before it begins a ceremony, so that one does. */
const STAGGER_MS = 1_500;
const RETRY_MS_MIN = 5_000;
const RETRY_MS_MAX = 300_000;
/** When an agent asks again where the pool is empty: a ceremony may be under way, or cannot be. */
const EMPTY_RETRY_MS = 2_000;
const OFFLINE_RETRY_MS = 15_000;

/**
 * The pool of DKG keys (SPEC section 3): makes new ones while all oracles are connected, so that enrollments
 * go on through an outage, and reserves this oracle's own ones, each once.
 */
export class OraclePool {
  readonly #core: OracleCore;
  readonly #keys: PoolKeys;
  readonly #ceremonies: PoolCeremonies;
  readonly #connected = new Set<number>();
  readonly #rosterHash: Hash;
  readonly #target: number;
  #cancel: (() => void) | undefined;
  #stopped = false;
  /** Since when a ceremony is due that nobody began. */
  #dueMs: number | undefined;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #retryMs = RETRY_MS_MIN;
  #recountMs = Number.NEGATIVE_INFINITY;

  constructor(core: OracleCore) {
    const { oracle, poolKeysPerOracle } = core.options;
    this.#core = core;
    this.#rosterHash = rosterHash(core.newest);
    this.#target = poolKeysPerOracle ?? KEYS_PER_ORACLE;
    const keys = new PoolKeys(core.view);
    this.#keys = keys;
    this.#ceremonies = new PoolCeremonies(core, poolBook, {
      keep: (dealt, oracles) => keys.mutations(dealt, oracle, oracles),
      certified: (dealt, oracles) => {
        keys.add(dealt, oracle, oracles);
        this.#retryMs = RETRY_MS_MIN;
      },
      aborted: () => this.#backOff(),
      hasRoom: (count) => keys.owned(this.#rosterHash) + count <= FULL_TARGETS * Math.max(1, this.#target),
    });
  }

  start(): void {
    this.#keys.load();
    this.#ceremonies.load();
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  onPeerUp(oracle: number): void {
    this.#connected.add(oracle);
    if (!this.#idle) this.#ceremonies.onPeerUp(oracle);
  }

  onPeerDown(oracle: number): void {
    this.#connected.delete(oracle);
    this.#ceremonies.onPeerDown(oracle);
  }

  onDkg(from: number, payload: Uint8Array): void {
    if (this.#idle) return;
    let message: PoolMessage;
    try {
      message = decodePoolMessage(payload);
    } catch (error) {
      this.#core.event({ level: "warn", event: "pool.refused", peer: from, code: errorCode(error) });
      return;
    }
    if (message.kind === "propose") this.#ceremonies.onPropose(from, message);
    else this.#ceremonies.onMessage(from, message);
  }

  reserve(request: ReserveRequest, signature: Uint8Array, reply: (message: OracleMessage) => void): void {
    const retryAfterMs = this.#complete ? EMPTY_RETRY_MS : OFFLINE_RETRY_MS;
    this.#core.run((context) => onReserve(context, this.#keys, request, signature, retryAfterMs), { reply });
  }

  size(): { readonly owned: number; readonly total: number } {
    return { owned: this.#keys.owned(this.#rosterHash), total: this.#keys.total };
  }

  /** A stopped, broken or fenced oracle takes part in nothing. */
  get #idle(): boolean {
    return this.#stopped || this.#core.broken !== undefined || this.#core.fenced;
  }

  get #complete(): boolean {
    const { newest, options } = this.#core;
    return newest.oracles.every(({ id }) => id === options.oracle || this.#connected.has(id));
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.#core.options.timers.after(TICK_MS, () => {
      if (!this.#idle) this.#tick(this.#core.options.clock.monotonicMs());
      this.#schedule();
    });
  }

  #tick(now: number): void {
    this.#ceremonies.tick(now);
    if (now >= this.#recountMs) {
      this.#recountMs = now + RECOUNT_MS;
      this.#keys.count();
    }
    const needed = 2 * this.#keys.owned(this.#rosterHash) < this.#target;
    if (!needed || !this.#complete || this.#ceremonies.busy || this.#ceremonies.stuck) {
      this.#dueMs = undefined;
      return;
    }
    this.#dueMs ??= now + (this.#core.options.oracle - 1) * STAGGER_MS;
    if (now < Math.max(this.#dueMs, this.#notBeforeMs)) return;
    this.#dueMs = undefined;
    this.#notBeforeMs = now + RETRY_MS_MIN;
    this.#ceremonies.propose(this.#count());
  }

  /** Keys of one ceremony: the same number for each oracle. */
  #count(): number {
    const { oracles, quorum } = this.#core.newest;
    const each = Math.min(this.#target, Math.floor(ceremonyKeysMax(quorum) / oracles.length));
    return Math.max(1, each) * oracles.length;
  }

  #backOff(): void {
    const { clock, oracle } = this.#core.options;
    this.#notBeforeMs = clock.monotonicMs() + this.#retryMs + (oracle - 1) * STAGGER_MS;
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
  }
}
