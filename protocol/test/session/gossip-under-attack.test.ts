import { describe, expect, test, vi } from "vitest";
import { toHex } from "../../src/bytes.ts";
import { offerMutations } from "../../src/host/offered-items.ts";
import { EQUIVOCATIONS_PER_ORACLE_MAX } from "../../src/limits.ts";
import { statements } from "../../src/registry/registry.ts";
import { subjectKey, subjectOf } from "../../src/registry/subject.ts";
import { records as oracleRecords } from "../../src/session/oracle/index.ts";
import { staleInput } from "../../src/session/stale.ts";
import { seededRandom } from "../group/backends.ts";
import { damaged, openAt, quiet, recordOf, stolen, votesFor } from "./stolen-workload.ts";
import { Cluster } from "./workload-cluster.ts";
import { group, statementOf } from "./world/cast.ts";
import { forgeCertificate, forgeStaleNotice, forgeStep, forgeVote } from "./world/forge.ts";

describe("floods by a corrupt peer", () => {
  const hashes = (count: number, name: string): Uint8Array[] => {
    const random = seededRandom(name);
    return Array.from({ length: count }, () => random(32));
  };

  describe.each([
    ["one by one", 1],
    ["many in one message", 100],
  ])("%s", (name, each) => {
    test("equivocations of itself on instances that do not exist fill no disk", () => {
      const { cluster, live } = stolen(`equivocations/${name}`);
      const items = hashes(400, "instances").map((instance, i) => {
        const header = { ...live.head.signed.header, instance };
        const first = forgeVote(cluster.cast, 2, header, 2 * i);
        const second = forgeVote(cluster.cast, 2, { ...header, seq: 0, shareVersion: 9 }, 2 * i);
        return { kind: "equivocation" as const, evidence: { version: 1 as const, first, second } };
      });
      for (let i = 0; i < items.length; i += each) {
        const some = items.slice(i, i + each);
        cluster.node(1).onPeerMessage(2, { kind: "gossip", ...quiet, items: some });
        cluster.loop.pass(2);
      }
      cluster.loop.pass(2000);
      for (const id of [1, 3, 4]) {
        const kept = cluster.node(id).equivocations().length;
        expect(kept).toBeGreaterThan(0);
        expect(kept).toBeLessThanOrEqual(EQUIVOCATIONS_PER_ORACLE_MAX);
      }
    });
  });

  test("inventories without end are not answered, nor remembered", () => {
    const { cluster } = stolen("inventories");
    let wants = 0;
    const peer = cluster.node(2);
    const receive = peer.onPeerMessage.bind(peer);
    vi.spyOn(peer, "onPeerMessage").mockImplementation((from, message) => {
      if (from === 1 && message.kind === "want") wants += message.hashes.length;
      receive(from, message);
    });
    for (let page = 0; page < 200; page++) {
      const lots = hashes(4096, `page ${page}`);
      cluster.node(1).onPeerMessage(2, { kind: "inventory", page, pages: 0xffffffff, hashes: lots });
    }
    cluster.loop.pass(500);
    expect(wants).toBe(0);
    expect(Object.keys(cluster.node(1).ready())).toEqual([]);
  });

  test("headers of instances that nobody knows make no other peer work", () => {
    const { cluster, live } = stolen("unknown-instances");
    const asked = new Map<number, number>();
    for (const id of [2, 3, 4]) {
      const peer = cluster.node(id);
      const receive = peer.onPeerMessage.bind(peer);
      vi.spyOn(peer, "onPeerMessage").mockImplementation((from, message) => {
        if (from === 1 && message.kind === "fetch") asked.set(id, (asked.get(id) ?? 0) + 1);
        receive(from, message);
      });
    }
    const step = forgeStep(live, "next");
    const items = hashes(200, "unknown").map((instance) => {
      const signed = { ...step.signed, header: { ...step.signed.header, instance } };
      return { kind: "undecided" as const, proven: { signed, parent: live.head } };
    });
    cluster.node(1).onPeerMessage(2, { kind: "gossip", ...quiet, items });
    cluster.loop.pass(100);
    expect(asked.get(3)).toBeUndefined();
    expect(asked.get(4)).toBeUndefined();
    expect(asked.get(2)).toBeGreaterThan(0);
  });

  test("items that prove nothing soon cost their sender its budget", () => {
    const { cluster, live } = stolen("budget");
    const step = forgeStep(live, "next");
    const votes = forgeCertificate(cluster.cast, step.signed.header, [1, 2, 3]).votes;
    const qc = {
      ...forgeCertificate(cluster.cast, step.signed.header, [1, 2, 3]),
      votes: votes.map((vote, i) => (i === 2 ? { ...vote, signature: damaged(vote.signature) } : vote)),
    };
    const verify = vi.spyOn(group.ed25519, "verify");
    const certified = { signed: step.signed, qc };
    const items = Array.from({ length: 200 }, () => ({ kind: "head" as const, certified }));
    for (let i = 0; i < 10; i++) cluster.node(1).onPeerMessage(2, { kind: "gossip", ...quiet, items });
    const checks = verify.mock.calls.length;
    verify.mockRestore();
    expect(checks).toBeLessThan(1000);
  });
});

describe("gossip that must not be lost", () => {
  test.each([
    ["open", 1500, 8000],
    ["settled", 5000, 0],
  ])("many %s instances do not hide one from the others", (how, count, withinMs) => {
    const { cluster, live } = stolen(`hidden/${how}`);
    const step = forgeStep(live, "seen by one");
    cluster.lose = () => true;
    votesFor(cluster, step, [1]);
    const id = step.signed.header.instance;
    // The disks of before the vote was gossiped; and listed instances in front of it.
    const record = recordOf(cluster, 1, id);
    const store = cluster.stores[0];
    for (let i = 0; i < count; i++) {
      const other = new Uint8Array(32);
      other[30] = i >> 8;
      other[31] = i & 255;
      store?.put(oracleRecords.openIndex, other, { instance: other });
      store?.put(oracleRecords.instances, other, how === "open" ? record : { ...record, vote: undefined });
    }
    expect(openAt(cluster, 2, id)).toBe(0);
    cluster.lose = () => false;
    cluster.restart(1);
    cluster.loop.pass(withinMs);
    expect(openAt(cluster, 2, id)).toBe(1);
  });

  test("thousands of statements reach an oracle that lacks them all, without a reconnect", () => {
    const { cluster } = stolen("many-statements");
    const random = seededRandom("tickets");
    const store = cluster.stores[1];
    for (let i = 0; i < 3000; i++) {
      const payload = { kind: "ticketRevocation" as const, ticketId: random(16), reason: "lost" };
      const signed = statementOf(cluster.cast, payload, 1);
      store?.put(statements, subjectKey(subjectOf(payload)), signed);
      for (const { table, key, value } of offerMutations(
        { get: () => undefined },
        { kind: "statement", statement: signed },
      ))
        store?.put(table, key, value);
    }
    cluster.restart(2);
    cluster.loop.pass(20_000);
    const held = [...(cluster.stores[0]?.rows.keys() ?? [])];
    expect(held.filter((key) => key.startsWith(toHex(statements.prefix))).length).toBeGreaterThan(3000);
  });

  test("a stale notice reaches an oracle that never heard of the instance, and holds there", () => {
    const { live } = stolen("unknown-stale");
    const step = forgeStep(live, "next");
    const notice = forgeStaleNotice(live, step);
    const signature = group.ed25519.sign(live.chainSeed, staleInput(notice));
    const item = { kind: "stale" as const, notice: { notice, signature }, enrollment: live.enrollment };
    const other = new Cluster("unknown-stale-elsewhere");
    other.node(3).onPeerMessage(2, { kind: "gossip", ...quiet, items: [item] });
    other.loop.pass(50);
    expect(other.node(3).instance(notice.instance)?.status).toBe("quarantined");
    const forged = { ...item, notice: { notice, signature: damaged(signature) } };
    other.node(4).onPeerMessage(2, { kind: "gossip", ...quiet, items: [forged] });
    expect(other.node(4).instance(notice.instance)?.status).not.toBe("active");
  });

  test("what a full queue swallowed is sent again", () => {
    const { cluster, live } = stolen("full-queue");
    const full = { now: true };
    cluster.refuse = (from, to) => full.now && from === 1 && to === 2;
    cluster.lose = (from, to) => from > 2 || to > 2;
    const step = forgeStep(live, "next");
    votesFor(cluster, step, [1]);
    cluster.loop.pass(3000);
    expect(openAt(cluster, 2, step.signed.header.instance)).toBe(0);
    full.now = false;
    cluster.loop.pass(15_000);
    expect(openAt(cluster, 2, step.signed.header.instance)).toBe(1);
  });
});
