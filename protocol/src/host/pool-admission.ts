import { equalBytes } from "../bytes.ts";
import type { Hash } from "../encoding/index.ts";
import { check } from "../errors.ts";
import { CEREMONIES_LIVE_MAX } from "../limits.ts";
import { oracleKey } from "../session/oracle/records.ts";
import type { CeremonyBook } from "./ceremony-book.ts";
import type { OracleCore } from "./oracle-core.ts";
import type { Proposal } from "./pool-wire.ts";

/** How often one initiator's proposals are joined. */
const JOIN_EVERY_MS = 2_000;

/** What is under way when a proposal comes. */
export interface Load {
  readonly live: number;
  /** A ceremony of the same initiator is under way. */
  readonly engaged: boolean;
  readonly stuck: boolean;
  readonly room: boolean;
}

/** Which proposed ceremonies this oracle joins. */
export class PoolAdmission {
  readonly #core: OracleCore;
  readonly #book: CeremonyBook;
  readonly #rosterHash: Hash;
  readonly #joinedMs = new Map<number, number>();

  constructor(core: OracleCore, book: CeremonyBook, rosterHash: Hash) {
    this.#core = core;
    this.#book = book;
    this.#rosterHash = rosterHash;
  }

  #highest(initiator: number): number {
    return this.#core.view.get(this.#book.serials, oracleKey(initiator))?.serial ?? 0;
  }

  /** A serial of mine that no peer has seen: above the clock, in case a lost disk forgot the last one. */
  nextSerial(): number {
    const { clock, oracle } = this.#core.options;
    return Math.max(this.#highest(oracle) + 1, clock.nowMs());
  }

  /** False for a ceremony that was joined already. Throws ERR_POOL_PROPOSAL, ERR_POOL_BUSY, ERR_POOL_FULL. */
  admit(from: number, { rosterHash, serial, count }: Proposal, load: Load): boolean {
    const { oracles } = this.#core.newest;
    const known = equalBytes(rosterHash, this.#rosterHash) && from <= oracles.length;
    check(known, "ERR_POOL_PROPOSAL", "a ceremony under another roster");
    if (serial <= this.#highest(from)) return false;
    const fits = this.#book.fits(count, this.#core.newest);
    check(fits, "ERR_POOL_PROPOSAL", "a number of keys that no ceremony has");
    const now = this.#core.options.clock.monotonicMs();
    const rested = now - (this.#joinedMs.get(from) ?? Number.NEGATIVE_INFINITY) >= JOIN_EVERY_MS;
    const free = load.live < CEREMONIES_LIVE_MAX && !load.engaged && !load.stuck;
    check(rested && free, "ERR_POOL_BUSY", "too many ceremonies under way");
    check(load.room, "ERR_POOL_FULL", "this oracle has more unreserved keys than it will need");
    this.#joinedMs.set(from, now);
    return true;
  }
}
