import { fromHex, toHex } from "../bytes.ts";
import { type Hash, hashOf } from "../encoding/index.ts";
import { statements } from "../registry/registry.ts";
import { records } from "../session/oracle/index.ts";
import { type GossipItem, gossipItem, type PeerMessage } from "../wire/peer.ts";
import type { StoreView } from "./store-view.ts";
import type { Table } from "./table.ts";

const PAGE_HASHES = 4096;
/** Durable items one oracle can offer; beyond it the oldest are no longer offered on connect. */
const ITEMS_MAX = 200_000;
const SCAN_PAGE = 1024;

export function itemHash(item: GossipItem): Hash {
  return hashOf("ipse/v1/gossip-item", gossipItem, item);
}

/**
 * The durable things gossip carries (evidence, suspensions, equivocations,
 * statements) by hash, so that peers can ask for what they lack. Revocations
 * held by one correct oracle survive through this.
 */
export class GossipInventory {
  readonly #view: StoreView;
  readonly #load = new Map<string, () => GossipItem | undefined>();

  constructor(view: StoreView) {
    this.#view = view;
    this.#scan(records.forks, (evidence) => ({ kind: "evidence", evidence }));
    this.#scan(records.staleNotices, (notice) => this.#stale(notice));
    this.#scan(records.equivocations, (evidence) => ({ kind: "equivocation", evidence }));
    this.#scan(statements, (statement) => ({ kind: "statement", statement }));
  }

  #stale(notice: Extract<GossipItem, { kind: "stale" }>["notice"]): GossipItem | undefined {
    const enrollment = this.#view.get(records.enrollments, notice.notice.instance);
    return enrollment === undefined ? undefined : { kind: "stale", notice, enrollment };
  }

  #scan<T>(from: Table<T>, item: (value: T) => GossipItem | undefined): void {
    let after: Uint8Array | undefined;
    for (;;) {
      const rows = this.#view.scan(from, SCAN_PAGE, undefined, after);
      for (const [key, value] of rows) {
        after = key;
        const made = item(value);
        if (made === undefined) continue;
        this.#note(made, () => {
          const held = this.#view.get(from, key);
          return held === undefined ? undefined : item(held);
        });
      }
      if (rows.length < SCAN_PAGE) return;
    }
  }

  #note(item: GossipItem, load: () => GossipItem | undefined): void {
    if (this.#load.size >= ITEMS_MAX) {
      const oldest = this.#load.keys().next().value;
      if (oldest !== undefined) this.#load.delete(oldest);
    }
    this.#load.set(toHex(itemHash(item)), load);
  }

  /** Takes note of an item that has just become durable. */
  add(item: GossipItem): void {
    if (item.kind === "head" || item.kind === "undecided" || item.kind === "enrollment") return;
    this.#note(item, () => item);
  }

  has(hash: Hash): boolean {
    return this.#load.has(toHex(hash));
  }

  /** Everything on offer, in pages; at least one page, so that a peer knows when it has seen all. */
  pages(): PeerMessage[] {
    const hashes = [...this.#load.keys()].map((hex) => fromHex(hex) ?? new Uint8Array(32));
    const pages = Math.max(1, Math.ceil(hashes.length / PAGE_HASHES));
    return Array.from({ length: pages }, (_, page) => ({
      kind: "inventory" as const,
      page,
      pages,
      hashes: hashes.slice(page * PAGE_HASHES, (page + 1) * PAGE_HASHES),
    }));
  }

  items(hashes: readonly Hash[]): GossipItem[] {
    return hashes.flatMap((hash) => {
      const item = this.#load.get(toHex(hash))?.();
      return item === undefined ? [] : [item];
    });
  }
}
