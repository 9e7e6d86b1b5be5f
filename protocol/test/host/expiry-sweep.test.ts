import { describe, expect, test } from "vitest";
import { toHex, utf8 } from "../../src/bytes.ts";
import { Cluster, type MemoryStore } from "../session/workload-cluster.ts";

const BURNED = toHex(utf8("burned\0"));
const OVER = 1;
const FAR = 2 ** 50;
const rowsOf = (store: MemoryStore | undefined): number =>
  [...(store?.rows.keys() ?? [])].filter((key) => key.startsWith(BURNED)).length;

describe("what may be used once is forgotten when it has expired", () => {
  test("all of it, however many came in a minute, and nothing that still counts", () => {
    const cluster = new Cluster("sweep");
    const [store] = cluster.stores;
    const node = cluster.node(1);
    let fresh = 0;
    const burn = (name: string, untilMs: number): void =>
      node.burn(utf8(name), untilMs, (first) => {
        if (first) fresh++;
      });
    for (let i = 0; i < 6_000; i++) burn(`short ${i}`, OVER);
    for (let i = 0; i < 300; i++) burn(`long ${i}`, FAR);
    cluster.loop.pass(100);
    expect([fresh, rowsOf(store)]).toEqual([6_300, 6_300]);
    cluster.loop.pass(63_000);
    expect(rowsOf(store)).toBe(300);
    burn("long 1", FAR);
    cluster.loop.pass(100);
    expect(fresh).toBe(6_300);
  });
});
