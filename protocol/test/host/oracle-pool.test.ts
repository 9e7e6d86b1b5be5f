import { describe, expect, test } from "vitest";
import { ceremonies, freeKeys } from "../../src/host/pool-records.ts";
import { encodePoolMessage, type Proposal } from "../../src/host/pool-wire.ts";
import { put } from "../../src/host/table.ts";
import { SELF_KEY, self } from "../../src/session/oracle/records.ts";
import { lies, PoolCluster } from "../support/pool-cluster.ts";
import { wrongs } from "../support/pool-invariants.ts";

const nobody = () => undefined;

describe.each([4, 7])("the pools of %i oracles", (n) => {
  test("fill in one ceremony, with every share of every key at its place", () => {
    const cluster = new PoolCluster(n, 2).start().run(10_000);
    expect(cluster.filled).toBe(true);
    expect(wrongs(cluster)).toEqual([]);
    for (const { pool, core } of cluster.members) {
      expect(pool.size()).toEqual({ owned: 2, total: 2 * n });
      expect(core.counts).toMatchObject({ pool_ceremonies_total: 1, pool_ceremonies_certified_total: 1 });
    }
    expect(cluster.failures).toEqual([]);
  });

  test("begin no ceremony while an oracle is away", () => {
    const cluster = new PoolCluster(n, 2);
    cluster.crash(n);
    cluster.start().run(120_000);
    expect(cluster.events).toEqual([]);
    cluster.restart(n);
    cluster.run(20_000);
    expect(cluster.filled).toBe(true);
  });
});

test("a silent oracle: the ceremony ends, names it, and another one fills the pool when it is back", () => {
  const cluster = new PoolCluster(4, 2);
  cluster.network = lies(4, nobody);
  cluster.start().run(75_000);
  expect(cluster.filled).toBe(false);
  const named = cluster.failures.filter((failure) => !failure.startsWith("4:"));
  expect(named).toContain("1: ERR_DKG_TIMEOUT 4");
  expect(named.every((failure) => failure.split(" ").at(-1)?.split(",").includes("4"))).toBe(true);
  cluster.network = (packet) => [packet];
  cluster.run(200_000);
  expect(cluster.filled).toBe(true);
  expect(wrongs(cluster)).toEqual([]);
});

test("a ceremony that goes on failing is tried less and less often", () => {
  const cluster = new PoolCluster(4, 2);
  cluster.network = lies(4, nobody);
  cluster.start().run(3_600_000);
  const begun = cluster.events.filter(({ event, oracle }) => event === "pool.ceremony" && oracle === 1);
  expect(begun.length).toBeGreaterThan(5);
  expect(begun.length).toBeLessThan(25);
});

test("a dealer of a wrong share is named by whoever got it", () => {
  const cluster = new PoolCluster(4, 2);
  cluster.network = lies(3, ({ body }, to) => {
    if (body.kind !== "round2" || to !== 2) return body;
    const [first = new Uint8Array(32), ...rest] = body.shares;
    return { ...body, shares: [first.map((byte, i) => (i === 0 ? byte ^ 1 : byte)), ...rest] };
  });
  cluster.start().run(10_000, () => cluster.failures.length >= 4);
  expect(cluster.failures).toContain("2: ERR_DKG_SHARE 3");
  cluster.network = (packet) => [packet];
  cluster.run(120_000);
  expect(cluster.filled).toBe(true);
  expect(wrongs(cluster)).toEqual([]);
});

test("an oracle that alone got the certificate gives it to those that still wait", () => {
  const cluster = new PoolCluster(4, 2);
  cluster.network = lies(4, ({ body }) => (body.kind === "confirm" ? undefined : body));
  cluster.start().run(9_000);
  expect(cluster.members.map(({ pool }) => pool.size().owned)).toEqual([0, 0, 0, 2]);
  cluster.run(5_000);
  expect(cluster.members.map(({ pool }) => pool.size().owned)).toEqual([2, 2, 2, 2]);
  expect(cluster.failures).toEqual([]);
  expect(wrongs(cluster)).toEqual([]);
});

test("an oracle that alone got the certificate gives it to those that gave up", () => {
  const cluster = new PoolCluster(4, 2);
  cluster.network = lies(4, ({ body }) =>
    ["confirm", "certificate"].includes(body.kind) ? undefined : body,
  );
  cluster.start().run(62_000);
  expect(cluster.members.map(({ pool }) => pool.size().owned)).toEqual([0, 0, 0, 2]);
  expect(cluster.failures).toContain("1: ERR_DKG_TIMEOUT 4");
  cluster.network = (packet) => [packet];
  cluster.crash(4);
  cluster.restart(4);
  cluster.run(1_000);
  expect(cluster.members.map(({ pool }) => pool.size().total)).toEqual([8, 8, 8, 8]);
  expect(wrongs(cluster)).toEqual([]);
});

test("shares of a ceremony that may be certified elsewhere stay, and only so many of them", () => {
  const cluster = new PoolCluster(4, 2);
  cluster.network = lies(4, ({ body }) =>
    ["confirm", "abort", "certificate"].includes(body.kind) ? undefined : body,
  );
  cluster.start().run(7_200_000);
  const open = cluster.member(1).core.view.scan(ceremonies, 100);
  expect(open.map(([, { state }]) => state.phase)).toEqual(Array.from({ length: 8 }, () => "aborting"));
  cluster.network = (packet) => [packet];
  cluster.run(400_000);
  expect(cluster.filled).toBe(true);
  expect(wrongs(cluster)).toEqual([]);
});

test("a fenced oracle takes part in no ceremony", () => {
  const cluster = new PoolCluster(4, 2);
  const { core, store } = cluster.member(4);
  const fenced = { counter: 1, fenced: true, fencedReason: "the test says so" };
  core.view.submit([put(self, SELF_KEY, fenced)], nobody);
  store.flushAll();
  cluster.start().run(75_000);
  expect(core.counts["pool_ceremonies_total"]).toBeUndefined();
  expect(cluster.failures).toContain("1: ERR_DKG_TIMEOUT 4");
});

test("garbage is refused and changes nothing", () => {
  const cluster = new PoolCluster(4, 0).start();
  const { pool, store } = cluster.member(1);
  pool.onDkg(2, Uint8Array.of(9, 9, 9));
  pool.onDkg(2, new Uint8Array());
  expect(cluster.events.map(({ event }) => event)).toEqual(["pool.refused", "pool.refused"]);
  expect(store.commits).toBe(0);
});

describe("proposals", () => {
  /** Oracle 1 gets proposals of oracle 2; returns what it declined and what it joined. */
  const proposed = (cluster: PoolCluster, ...proposals: Partial<Proposal>[]) => {
    const { pool, core } = cluster.member(1);
    for (const change of proposals) {
      const proposal = { rosterHash: cluster.rosterHash, serial: 1, count: 8, ...change };
      pool.onDkg(2, encodePoolMessage({ kind: "propose", ...proposal }));
      cluster.run(3_000);
    }
    const declined = cluster.events.filter(({ event }) => event === "pool.declined");
    return [declined.map((event) => event["code"]), core.counts["pool_ceremonies_total"] ?? 0];
  };
  const quiet = () => {
    const cluster = new PoolCluster(4, 0).start();
    cluster.network = () => [];
    return cluster;
  };

  test.each<[string, Partial<Proposal>, string]>([
    ["under another roster", { rosterHash: new Uint8Array(32) }, "ERR_POOL_PROPOSAL"],
    ["of no keys", { count: 0 }, "ERR_POOL_PROPOSAL"],
    ["of keys that do not come out even", { count: 9 }, "ERR_POOL_PROPOSAL"],
    ["of more keys than fit a frame", { count: 65_532 }, "ERR_POOL_PROPOSAL"],
  ])("%s are declined", (_, change, code) => {
    expect(proposed(quiet(), change)).toEqual([[code], 0]);
  });

  test("are joined once, also under another number of keys", () => {
    expect(proposed(quiet(), {}, {}, { count: 4 })).toEqual([[], 1]);
  });

  test("of an initiator whose ceremony is under way are declined, and an old serial is for ever", () => {
    const cluster = quiet();
    expect(proposed(cluster, { serial: 5 }, { serial: 6 })).toEqual([["ERR_POOL_BUSY"], 1]);
    cluster.run(120_000);
    expect(proposed(cluster, { serial: 4 }, { serial: 5 })).toEqual([["ERR_POOL_BUSY"], 1]);
    cluster.crash(1);
    cluster.restart(1);
    expect(proposed(cluster, { serial: 5 }, { serial: 4 })).toEqual([["ERR_POOL_BUSY"], 0]);
    expect(proposed(cluster, { serial: 6 })).toEqual([["ERR_POOL_BUSY"], 1]);
  });

  test("beyond two ceremonies at a time are declined", () => {
    const cluster = quiet();
    const { pool, core } = cluster.member(1);
    for (const from of [2, 3, 4]) {
      const { rosterHash } = cluster;
      pool.onDkg(from, encodePoolMessage({ kind: "propose", rosterHash, serial: 1, count: 4 }));
    }
    expect(core.counts["pool_ceremonies_total"]).toBe(2);
  });

  test("to an oracle with more keys than it needs are declined", () => {
    const cluster = new PoolCluster(4, 1);
    const { core, store } = cluster.member(1);
    const { rosterHash } = cluster;
    const rows = Array.from({ length: 7 }, (_, i) =>
      put(freeKeys, new Uint8Array(32).fill(i), { rosterHash }),
    );
    core.view.submit(rows, nobody);
    store.flushAll();
    cluster.network = () => [];
    expect(proposed(cluster.start(), {})).toEqual([["ERR_POOL_FULL"], 0]);
    expect(proposed(cluster, { count: 4 })).toEqual([["ERR_POOL_FULL"], 1]);
  });
});
