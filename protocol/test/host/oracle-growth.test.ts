import { describe, expect, test } from "vitest";
import { concatBytes, toHex } from "../../src/bytes.ts";
import { offeredItems } from "../../src/host/offered-items.ts";
import type { StoreOp } from "../../src/host/ports.ts";
import { POINT_MARK } from "../../src/host/table.ts";
import { records } from "../../src/session/oracle/index.ts";
import { Cluster, liveOf, type MemoryStore } from "../session/workload-cluster.ts";
import { statementOf } from "../session/world/cast.ts";

const rowsOf = (store: MemoryStore | undefined, prefix: Uint8Array): number =>
  [...(store?.rows.keys() ?? [])].filter((key) => key.startsWith(toHex(prefix))).length;

/** A cluster with one instance, and an operator's word on it. */
function enrolled(seed: string) {
  const cluster = new Cluster(seed);
  const running = cluster.enrolled(seed);
  const { instance } = liveOf(running).head.signed.header;
  const word = (action: "revoke" | "quarantine" | "release", serial: number, release = 0) =>
    statementOf(cluster.cast, { kind: "instance", instance, action, release, reason: "" }, serial);
  const store = cluster.stores[0];
  if (store === undefined) throw new Error("no store");
  return { cluster, running, instance, word, store };
}

describe("what an oracle need not look for when it starts", () => {
  test("a revocation, what it means for the instance, its offer and its announcement are one commit", () => {
    const { cluster, instance, word, store } = enrolled("one-commit");
    const commits: (readonly StoreOp[])[] = [];
    const commit = store.commit.bind(store);
    store.commit = (ops, done) => {
      commits.push(ops);
      commit(ops, done);
    };
    cluster.node(1).submitStatement(word("revoke", 2), () => undefined);
    const [ops = []] = commits;
    const has = (prefix: Uint8Array): boolean =>
      ops.some(({ key, value }) => value !== undefined && toHex(key).startsWith(toHex(prefix)));
    expect(has(concatBytes(records.instances.prefix, instance))).toBe(true);
    expect(has(concatBytes(records.endedIndex.prefix, instance))).toBe(true);
    expect([has(offeredItems.prefix), ops.length]).toEqual([true, 4]);
  });

  test("a restart before the announcement makes it, and only once", () => {
    const { cluster, instance, word, store } = enrolled("announced");
    cluster.node(1).submitStatement(word("revoke", 2), () => undefined);
    cluster.loop.pass(1);
    expect(rowsOf(store, records.endedIndex.prefix)).toBe(1);
    cluster.restart(1);
    cluster.loop.pass(2500);
    const made = concatBytes(new TextEncoder().encode(`${POINT_MARK}event-made\0`), instance);
    expect([rowsOf(store, records.endedIndex.prefix), rowsOf(store, made)]).toEqual([0, 1]);
    cluster.restart(1);
    cluster.loop.pass(2500);
    expect(rowsOf(store, records.endedIndex.prefix)).toBe(0);
  });

  test("a statement that another one replaces is no longer offered", () => {
    const { cluster, word, store } = enrolled("replaced");
    const before = rowsOf(store, offeredItems.prefix);
    cluster.node(1).submitStatement(word("quarantine", 2), () => undefined);
    cluster.loop.pass(10);
    expect(rowsOf(store, offeredItems.prefix)).toBe(before + 1);
    cluster.node(1).submitStatement(word("quarantine", 3), () => undefined);
    cluster.loop.pass(10);
    expect(rowsOf(store, offeredItems.prefix)).toBe(before + 1);
  });

  test("a revocation given while a peer's queue is full reaches it without a reconnect", () => {
    const { cluster, instance, word } = enrolled("full-queue");
    cluster.refuse = (from) => from === 1;
    cluster.node(1).submitStatement(word("revoke", 2), () => undefined);
    cluster.loop.pass(3000);
    expect(cluster.ids.map((id) => cluster.node(id).instance(instance)?.status)).toEqual([
      "revoked",
      "active",
      "active",
      "active",
    ]);
    cluster.refuse = () => false;
    cluster.loop.pass(5000);
    for (const id of cluster.ids) expect(cluster.node(id).instance(instance)?.status).toBe("revoked");
  });

  test("an oracle lists its instances by pages, each once", () => {
    const cluster = new Cluster("pages");
    for (const name of ["one", "two", "three"]) cluster.enrolled(name);
    const seen: string[] = [];
    const next = (after: Uint8Array | undefined): void =>
      cluster.node(1).instances(2, after, (found) => {
        seen.push(...found.map(({ instance }) => toHex(instance)));
        const last = found.at(-1);
        if (last !== undefined) next(last.instance);
      });
    next(undefined);
    cluster.loop.pass(10);
    expect([seen.length, new Set(seen).size]).toEqual([3, 3]);
    expect(seen).toEqual(seen.toSorted());
  });
});

describe("a workload's instances", () => {
  test("are found by its name", () => {
    const { cluster, instance } = enrolled("of-workload");
    const { spiffeId } = cluster.node(1).instance(instance) ?? { spiffeId: "" };
    let found: string[] = [];
    cluster.node(1).instancesOf(spiffeId, 10, (all) => {
      found = all.map((one) => toHex(one.instance));
    });
    cluster.node(1).instancesOf(`${spiffeId}/other`, 10, (all) => expect(all).toEqual([]));
    cluster.loop.pass(10);
    expect(found).toEqual([toHex(instance)]);
  });
});
