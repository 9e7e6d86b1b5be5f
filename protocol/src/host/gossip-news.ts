import { byteKey, equalBytes, toHex } from "../bytes.ts";
import type { Hash } from "../encoding/index.ts";
import { GOSSIP_INTERVAL_MS, GOSSIP_SETTLE_MS } from "../limits.ts";
import type { CertifiedHeader, ProvenHeader } from "../session/certified.ts";
import { headerHash } from "../session/header.ts";
import { openHeaders, records } from "../session/oracle/index.ts";
import type { SignedVote } from "../session/vote.ts";
import type { GossipItem } from "../wire/peer.ts";
import type { OracleCore } from "./oracle-core.ts";
import { type Mutation, remove } from "./table.ts";

/** Heads, and instances with undecided headers, of one interval. */
const LOOK_LIMIT = 512;
/** Far more pages than instances can take a step in an interval. */
const OPEN_PAGES_MAX = 64;
/** How long the head of an instance that never rests is kept back at most. */
const RESTLESS_MS = 4 * GOSSIP_INTERVAL_MS;
/** Votes whose age is known; of a header whose vote is not among them the age does not matter. */
const FRESH_MAX = 16_384;

interface Moved {
  readonly instance: Hash;
  /** When its head moved first since it was told, and last. */
  readonly firstMs: number;
  readonly lastMs: number;
}

type Open = Extract<GossipItem, { kind: "open" }>;

/** What peers are to be told: heads that moved, and by name the headers that are undecided. */
export interface News {
  readonly heads: readonly CertifiedHeader[];
  readonly open: readonly Open[];
}

export const openName = ({ headerHash: hash }: Open): string => toHex(hash);

/**
 * What gossip tells of instances that take steps (SPEC section 7). A step that is on its way when an interval ends is the
 * workload's to bring on, which takes it a few round trips: what is younger than GOSSIP_SETTLE_MS is put aside and
 * looked at a second time when it is older, so that nothing is told later than a whole interval after it came.
 */
export class GossipNews {
  readonly #core: OracleCore;
  readonly #moved = new Map<string, Moved>();
  /** Of an instance: the header I voted for, and when I did so first. */
  readonly #voted = new Map<string, { readonly hash: Hash; readonly ms: number }>();
  #headsAside: readonly (readonly [string, Moved])[] = [];
  #openAside: readonly Open[] = [];
  /** Where the next look at the open instances begins: however many there are, each has its turn. */
  #cursor: Uint8Array | undefined;

  constructor(core: OracleCore) {
    this.#core = core;
  }

  get #now(): number {
    return this.#core.options.clock.monotonicMs();
  }

  moved(instance: Hash): void {
    const key = byteKey(instance);
    const now = this.#now;
    this.#moved.set(key, { instance, firstMs: this.#moved.get(key)?.firstMs ?? now, lastMs: now });
  }

  /** I am about to vote. A header that I hold already, by an earlier vote or from a peer, is not new by that. */
  votes({ vote }: SignedVote): void {
    const key = byteKey(vote.instance);
    const room = this.#voted.has(key) || this.#voted.size < FRESH_MAX;
    if (room && !this.#isOpen(vote.instance, vote.headerHash))
      this.#voted.set(key, { hash: vote.headerHash, ms: this.#now });
  }

  /** What an interval's end finds. */
  look(): News {
    const news = { heads: this.#heads(), open: this.#settled() };
    for (const [key, { ms }] of this.#voted) if (!this.#isFresh(ms)) this.#voted.delete(key);
    return news;
  }

  /** What was put aside and is still as it was: to be asked for GOSSIP_SETTLE_MS after the first look. */
  lookAgain(): News {
    const heads = this.#headsAside
      .filter(([key, was]) => this.#moved.get(key) === was)
      .slice(0, LOOK_LIMIT)
      .flatMap(([key, { instance }]) => {
        this.#moved.delete(key);
        return this.#headOf(instance);
      });
    const open = this.#openAside.filter((item) => this.#isOpen(item.instance, item.headerHash));
    this.#headsAside = [];
    this.#openAside = [];
    return { heads, open };
  }

  #isFresh(ms: number): boolean {
    return this.#now - ms < GOSSIP_SETTLE_MS;
  }

  #openOf(instance: Hash): readonly ProvenHeader[] {
    const record = this.#core.view.get(records.instances, instance);
    return record === undefined || record.status === "revoked" ? [] : openHeaders(record);
  }

  #isOpen(instance: Hash, hash: Hash): boolean {
    return this.#openOf(instance).some(({ signed }) => equalBytes(headerHash(signed.header), hash));
  }

  #headOf(instance: Hash): readonly CertifiedHeader[] {
    const head = this.#core.view.get(records.instances, instance)?.head;
    return head === undefined ? [] : [head];
  }

  #heads(): readonly CertifiedHeader[] {
    const heads: CertifiedHeader[] = [];
    const aside: [string, Moved][] = [];
    for (const [key, moved] of this.#moved) {
      if (this.#isFresh(moved.lastMs) && this.#now - moved.firstMs < RESTLESS_MS) {
        aside.push([key, moved]);
        continue;
      }
      if (heads.length >= LOOK_LIMIT) continue;
      this.#moved.delete(key);
      heads.push(...this.#headOf(moved.instance));
    }
    this.#headsAside = aside;
    return heads;
  }

  /** Names of undecided headers, without those that I voted for just now, which are put aside. */
  #settled(): readonly Open[] {
    const [aside, settled]: [Open[], Open[]] = [[], []];
    for (const item of this.open()) {
      const mine = this.#voted.get(byteKey(item.instance));
      const fresh = mine !== undefined && this.#isFresh(mine.ms) && equalBytes(mine.hash, item.headerHash);
      (fresh ? aside : settled).push(item);
    }
    this.#openAside = aside;
    return settled;
  }

  /**
   * Names of the undecided headers of the next instances that have any, however young. Those that settled since they were
   * listed are passed over and dropped: there are as many as took a step lately, and none of them may keep an undecided
   * one waiting.
   */
  open(): readonly Open[] {
    const { view } = this.#core;
    const items: Open[] = [];
    const settled: Mutation[] = [];
    let visited = 0;
    for (let page = 0; page < OPEN_PAGES_MAX && visited < LOOK_LIMIT; page++) {
      const rows = view.scan(records.openIndex, LOOK_LIMIT, undefined, this.#cursor);
      for (const [key] of rows) {
        const open = this.#openOf(key);
        if (open.length === 0) settled.push(remove(records.openIndex, key));
        else visited += 1;
        for (const { signed } of open) {
          const { header } = signed;
          items.push({ kind: "open", instance: key, seq: header.seq, headerHash: headerHash(header) });
        }
        this.#cursor = key;
        if (visited >= LOOK_LIMIT) break;
      }
      if (rows.length === LOOK_LIMIT) continue;
      if (visited < LOOK_LIMIT) this.#cursor = undefined;
      break;
    }
    if (settled.length > 0) view.submit(settled, () => undefined);
    return items;
  }
}
