import { describe, expect, test } from "vitest";
import { toHex, utf8 } from "../../src/bytes.ts";
import { struct, text, u64 } from "../../src/encoding/index.ts";
import { table } from "../../src/host/table.ts";
import { hash32 } from "../../src/ids.ts";
import { statements } from "../../src/registry/registry.ts";
import type { Workload } from "../../src/registry/statement.ts";
import { subjectKey, subjectOf } from "../../src/registry/subject.ts";
import { records } from "../../src/session/oracle/index.ts";
import { Cluster, liveOf } from "../session/workload-cluster.ts";
import { SPIFFE_ID, START_MS, statementOf } from "../session/world/cast.ts";

const GONE: Workload = {
  spiffeId: SPIFFE_ID,
  deleted: true,
  resources: [],
  scopes: [],
  ttlSeconds: 300,
  onStale: "quarantine",
  allowRaw: true,
};

describe("a revocation when nobody knows any more what the workload may call", () => {
  /** A cluster whose first oracle knows many resources, and an instance of a workload that is deleted and revoked. */
  function revoked(resources: number) {
    const cluster = new Cluster(`resources/${resources}`);
    const running = cluster.enrolled("api-client");
    const { instance } = liveOf(running).head.signed.header;
    const [store] = cluster.stores;
    if (store === undefined) throw new Error("no store");
    for (let i = 0; i < resources; i++) {
      const credentialHash = new Uint8Array(32);
      const payload = {
        kind: "resource",
        url: `https://${i}.test/`,
        deleted: false,
        credentialHash,
      } as const;
      store.put(statements, subjectKey(subjectOf(payload)), statementOf(cluster.cast, payload, 1));
    }
    const node = cluster.node(1);
    node.submitStatement(statementOf(cluster.cast, { kind: "workload", ...GONE }, 2), () => undefined);
    cluster.loop.pass(10);
    const word = { kind: "instance", instance, action: "revoke", release: 0, reason: "" } as const;
    node.submitStatement(statementOf(cluster.cast, word, 3), () => undefined);
    const open = (): boolean =>
      [...store.rows.keys()].some((key) => key.startsWith(toHex(records.endedIndex.prefix)));
    const heard = (): number =>
      new Set(
        cluster
          .node(1)
          .events.pending(10_000)
          .map(({ audience }) => audience),
      ).size;
    return { cluster, open, heard };
  }

  test.each([0, 512, 2_500])("all %i resources hear of it", (resources) => {
    const { cluster, open, heard } = revoked(resources);
    cluster.loop.pass(5_000);
    expect([heard(), open()]).toEqual([resources, false]);
  });

  test("also when the oracle restarts before it made all events", () => {
    const { cluster, open, heard } = revoked(2_500);
    cluster.loop.until(() => heard() > 0);
    expect(heard()).toBeLessThan(2_500);
    expect(open()).toBe(true);
    cluster.restart(1);
    cluster.loop.pass(5_000);
    expect([heard(), open()]).toEqual([2_500, false]);
  });
});

test("an event whose tokens have all expired is dropped, however many newer ones stand before it", () => {
  const cluster = new Cluster("old events");
  const [store] = cluster.stores;
  const event = struct({ audience: text(2048), instance: hash32, jti: text(256), sinceMs: u64 });
  const events = table("event", event);
  const days = (count: number): number => START_MS - count * 24 * 60 * 60 * 1000;
  const add = (key: string, sinceMs: number): void =>
    store?.put(events, utf8(key), {
      audience: "https://a.test/",
      instance: new Uint8Array(32),
      jti: key,
      sinceMs,
    });
  for (let i = 0; i < 600; i++) add(`a ${i}`, days(1));
  for (let i = 0; i < 10; i++) add(`b ${i}`, days(3));
  cluster.loop.pass(65_000);
  const left = cluster.node(1).events.pending(1_000);
  expect(left).toHaveLength(600);
  expect(left.every(({ jti }) => jti.startsWith("a"))).toBe(true);
});
