import { toHex } from "../bytes.ts";
import type { Hash } from "../encoding/index.ts";
import { INVENTORY_PAGES_MAX } from "./oracle-inventory.ts";

/** Items a peer may make me look at per gossip interval: well above what a correct one sends in it, in both of its looks. */
const BUDGET = 4000;
/** What an item costs its sender that did not prove itself; a correct peer sends none. */
const UNPROVEN_COST = 50;
const INVENTORY_PAGE_COST = 16;
/** Items asked for per interval, in messages of at most WANT_MAX. */
const WANTS_PER_INTERVAL = 768;
const WANT_MAX = 256;
/** Intervals without any progress after which what a peer offered and does not give is given up. */
const WAITS_MAX = 3;
/** Intervals after which everything open is sent again: a queue may have lost it. */
const RESEND_INTERVALS = 8;
const SENT_MAX = 2048;
const WAITING_MAX = 2048;

/** One connected peer: what it was sent, what it offered and I still lack, and what it may still make me do. */
export class GossipPeer {
  /** It has shown me what it holds since it connected. */
  synced = false;
  /** Undecided headers sent lately, by hash. */
  readonly #sent = new Set<string>();
  /** Headers that it showed and whose certificate neither of us had then, by hash. */
  readonly #waiting = new Set<string>();
  /** What it offered and I lack, by hash; the longest unasked first. */
  readonly #wanted = new Map<string, Hash>();
  #budget = BUDGET;
  /** The inventory's next page; undefined once all of it came. */
  #page: number | undefined = 0;
  #waits = 0;
  #left = 0;
  #intervals = 0;

  /** Whether the peer may still make me work in this interval. */
  affords(cost: number): boolean {
    this.#budget -= cost;
    return this.#budget >= 0;
  }

  unproven(): void {
    this.#budget -= UNPROVEN_COST;
  }

  wasSent(name: string): boolean {
    return this.#sent.has(name);
  }

  markSent(name: string): void {
    this.#sent.add(name);
  }

  /** What these name found no room: they are named again. */
  forget(names: readonly string[]): void {
    for (const name of names) this.#sent.delete(name);
  }

  /** It holds a header and waits for its certificate; of too many the oldest are forgotten until they are shown again. */
  waits(headerHash: Hash): void {
    this.#waiting.add(toHex(headerHash));
    if (this.#waiting.size <= WAITING_MAX) return;
    for (const oldest of this.#waiting) {
      this.#waiting.delete(oldest);
      break;
    }
  }

  /** Whether it waited for this certificate; it is being sent now. */
  waited(headerHash: Hash): boolean {
    return this.#waiting.size > 0 && this.#waiting.delete(toHex(headerHash));
  }

  /** Takes a page of its inventory: pages come in order, page 0 begins again. False for anything else. */
  takesPage(page: number, pages: number): boolean {
    if (page === 0) {
      this.#page = 0;
      this.#wanted.clear();
    }
    const fits = page === this.#page && pages >= 1 && pages <= INVENTORY_PAGES_MAX && page < pages;
    if (!fits || !this.affords(INVENTORY_PAGE_COST)) return false;
    this.#page = page + 1 < pages ? page + 1 : undefined;
    return true;
  }

  lack(hashes: readonly Hash[]): void {
    for (const hash of hashes) this.#wanted.set(toHex(hash), hash);
    this.#settle();
  }

  /** Whether something that it offered has not come yet. */
  get lacks(): boolean {
    return this.#wanted.size > 0;
  }

  got(hash: Hash): void {
    if (this.#wanted.delete(toHex(hash))) this.#settle();
  }

  #settle(): void {
    if (this.#page === undefined && this.#wanted.size === 0) this.synced = true;
  }

  /** What to ask for now, in messages; the same again later where it does not come. */
  wants(): Hash[][] {
    const next = [...this.#wanted].slice(0, WANTS_PER_INTERVAL);
    for (const [name, hash] of next) {
      this.#wanted.delete(name);
      this.#wanted.set(name, hash);
    }
    const hashes = next.map(([, hash]) => hash);
    const messages: Hash[][] = [];
    for (let i = 0; i < hashes.length; i += WANT_MAX) messages.push(hashes.slice(i, i + WANT_MAX));
    return messages;
  }

  /** A gossip interval has passed. */
  tick(): void {
    this.#budget = BUDGET;
    this.#intervals += 1;
    if (this.#intervals % RESEND_INTERVALS === 0 || this.#sent.size > SENT_MAX) this.#sent.clear();
    if (this.#page !== undefined || this.#wanted.size === 0) return;
    this.#waits = this.#wanted.size === this.#left ? this.#waits + 1 : 0;
    this.#left = this.#wanted.size;
    if (this.#waits < WAITS_MAX) return;
    this.#wanted.clear();
    this.#settle();
  }
}
