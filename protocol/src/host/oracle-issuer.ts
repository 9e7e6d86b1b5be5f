import { errorCode } from "../errors.ts";
import { issuerBook } from "./ceremony-book.ts";
import { IssuerKeyring } from "./issuer-keyring.ts";
import type { IssuerOptions } from "./oracle-api.ts";
import type { OracleCore } from "./oracle-core.ts";
import { PoolCeremonies } from "./pool-ceremonies.ts";
import { decodePoolMessage, type PoolMessage } from "./pool-wire.ts";

const TICK_MS = 500;
const STAGGER_MS = 1_500;
const RETRY_MS = 5_000;
/** Clocks and gossip differ: another oracle may find a new key due a little before me. */
const JOIN_LEEWAY_MS = 120_000;

/**
 * Makes and replaces the issuer keys: one ceremony of all oracles for each, when there is none, when the newest
 * is old, or when the operators say so.
 */
export class OracleIssuer {
  readonly keyring: IssuerKeyring;
  readonly #core: OracleCore;
  readonly #ceremonies: PoolCeremonies;
  readonly #connected = new Set<number>();
  #cancel: (() => void) | undefined;
  #stopped = false;
  #dueMs: number | undefined;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(core: OracleCore, options: IssuerOptions) {
    this.#core = core;
    const keyring = new IssuerKeyring(core, options.times ?? {});
    this.keyring = keyring;
    this.#ceremonies = new PoolCeremonies(core, issuerBook, {
      keep: (dealt, _oracles, origin) => keyring.mutations(dealt, origin),
      certified: (dealt) => keyring.add(dealt),
      aborted: () => {
        this.#notBeforeMs = core.options.clock.monotonicMs() + RETRY_MS + this.#turn * STAGGER_MS;
      },
      hasRoom: () => keyring.due(JOIN_LEEWAY_MS),
    });
  }

  start(): void {
    this.keyring.load();
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
      this.#core.event({ level: "warn", event: "issuer.refused", peer: from, code: errorCode(error) });
      return;
    }
    if (message.kind === "propose") this.#ceremonies.onPropose(from, message);
    else this.#ceremonies.onMessage(from, message);
  }

  get #idle(): boolean {
    return this.#stopped || this.#core.broken !== undefined || this.#core.fenced;
  }

  /** Oracle 1 begins the pool's first ceremony; the last one begins this. */
  get #turn(): number {
    return this.#core.newest.oracles.length - this.#core.options.oracle;
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
    this.keyring.sweep();
    if (!this.keyring.due() || !this.#complete || this.#ceremonies.busy || this.#ceremonies.stuck) {
      this.#dueMs = undefined;
      return;
    }
    this.#dueMs ??= now + this.#turn * STAGGER_MS;
    if (now < Math.max(this.#dueMs, this.#notBeforeMs)) return;
    this.#dueMs = undefined;
    this.#notBeforeMs = now + RETRY_MS;
    this.#ceremonies.propose(1);
  }
}
