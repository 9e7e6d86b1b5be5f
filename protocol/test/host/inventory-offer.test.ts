import { describe, expect, test } from "vitest";
import { compareBytes, concatBytes, toHex } from "../../src/bytes.ts";
import { GossipPeer } from "../../src/host/gossip-peer.ts";
import { offeredItems } from "../../src/host/offered-items.ts";
import type { OracleCore } from "../../src/host/oracle-core.ts";
import { INVENTORY_PAGES_MAX, InventoryOffer } from "../../src/host/oracle-inventory.ts";
import type { PeerMessage } from "../../src/wire/peer.ts";
import { seededRandom } from "../group/backends.ts";

type Inventory = Extract<PeerMessage, { kind: "inventory" }>;

/** A store of so many offered items whose pages are read when the test says so, and a peer that takes what it will. */
function offering(count: number, takes: () => boolean = () => true) {
  const random = seededRandom(`offer ${count}`);
  const keys = Array.from({ length: count }, (_, i) => {
    const key = new Uint8Array(32);
    new DataView(key.buffer).setUint32(0, Math.floor((i + 1) * (2 ** 32 / (count + 2))));
    return concatBytes(offeredItems.prefix, key);
  });
  const reads: (() => void)[] = [];
  const pages: Inventory[] = [];
  const sent: PeerMessage[] = [];
  const store = {
    page: (
      _prefix: Uint8Array,
      limit: number,
      after: Uint8Array | undefined,
      done: (k: Uint8Array[]) => void,
    ) => {
      expect(limit).toBeLessThanOrEqual(4096);
      reads.push(() => {
        let [from, to] = [0, after === undefined ? 0 : keys.length];
        while (from < to) {
          const middle = (from + to) >> 1;
          if (compareBytes(keys[middle] ?? new Uint8Array(), after ?? new Uint8Array()) > 0) to = middle;
          else from = middle + 1;
        }
        done(keys.slice(from, from + limit));
      });
    },
  };
  const peers = {
    send: (_to: number, message: PeerMessage) => {
      if (!takes()) return false;
      sent.push(message);
      if (message.kind === "inventory") pages.push(message);
      return true;
    },
  };
  const core = { options: { store, peers, entropy: { random } } } as unknown as OracleCore;
  const offer = new InventoryOffer(core, 2);
  const run = (): void => {
    for (let i = 0; i < 10_000; i++) {
      const read = reads.shift();
      if (read === undefined) return;
      read();
    }
  };
  return { offer, keys, pages, reads, run };
}

const hashesOf = (pages: readonly Inventory[]): string[] => pages.flatMap(({ hashes }) => hashes.map(toHex));
const namesOf = (keys: readonly Uint8Array[]): string[] =>
  keys.map((key) => toHex(key.slice(offeredItems.prefix.length)));

/** Whether a peer takes these pages as a whole inventory. */
function takenBy(pages: readonly Inventory[]): boolean {
  const peer = new GossipPeer();
  for (const { page, pages: count } of pages) {
    if (!peer.takesPage(page, count)) return false;
    peer.lack([]);
  }
  return peer.synced;
}

describe("an inventory shown to a peer", () => {
  test.each([0, 1, 4095, 4096, 4097, 10_000])(
    "of %i items names each once, in pages a peer takes",
    (count) => {
      const { offer, keys, pages, run } = offering(count);
      offer.pump();
      run();
      expect(hashesOf(pages).toSorted()).toEqual(namesOf(keys));
      expect(pages.every(({ hashes }) => hashes.length <= 4096)).toBe(true);
      expect(takenBy(pages)).toBe(true);
    },
  );

  test("reads nothing on while the peer's queue is full, and goes on after", () => {
    let full = true;
    const { offer, keys, pages, reads, run } = offering(9000, () => !full);
    offer.pump();
    run();
    expect([pages.length, reads.length]).toEqual([0, 0]);
    for (let tick = 0; tick < 20; tick++) {
      full = tick % 3 !== 0;
      offer.pump();
      run();
    }
    expect(hashesOf(pages).toSorted()).toEqual(namesOf(keys));
    expect(takenBy(pages)).toBe(true);
  });

  test("sends nothing more to a peer that is gone, also when a read comes back late", () => {
    const { offer, pages, run } = offering(100);
    offer.pump();
    offer.end();
    run();
    offer.pump();
    run();
    expect(pages).toEqual([]);
  });

  test("stops at as many pages as a peer takes, and shows others the next time", () => {
    const count = INVENTORY_PAGES_MAX * 4096 + 5000;
    const first = offering(count);
    first.offer.pump();
    first.run();
    expect(first.pages).toHaveLength(INVENTORY_PAGES_MAX);
    expect(takenBy(first.pages)).toBe(true);
    const names = hashesOf(first.pages);
    expect(new Set(names).size).toBe(names.length);
    expect(names[0]).not.toBe(namesOf(first.keys.slice(0, 1))[0]);
  });
});
