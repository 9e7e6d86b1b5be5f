import { describe, expect, test, vi } from "vitest";
import { headerHash, type SignedHeader } from "../../src/session/header.ts";
import { assembleCertificate, type Certificate } from "../../src/session/vote.ts";
import {
  damaged,
  openAt,
  peerTraffic,
  quiet,
  recordOf,
  statusesOf,
  stolen,
  tellCertified,
  votesFor,
} from "./stolen-workload.ts";
import { ask, forgeStep, goOn, stepMessage } from "./world/forge.ts";

const of = (sent: readonly string[], what: string): string[] =>
  [...new Set(sent.filter((line) => line.endsWith(` ${what}`)))].sort();

describe("an undecided header", () => {
  test("is named to those who hold it, and not sent", () => {
    const { cluster, live } = stolen("held by all");
    cluster.loop.pass(3000);
    votesFor(cluster, forgeStep(live, "next"), [1, 2, 3, 4]);
    const sent = peerTraffic(cluster);
    cluster.loop.pass(3000);
    expect(of(sent, "open")).toHaveLength(12);
    expect([of(sent, "undecided"), of(sent, "fetch")]).toEqual([[], []]);
  });

  test("is sent to those who lack it, by the one who holds it, in the interval in which it came", () => {
    const { cluster, live } = stolen("held by one");
    cluster.loop.pass(3000);
    const step = forgeStep(live, "next");
    votesFor(cluster, step, [1]);
    const sent = peerTraffic(cluster);
    cluster.loop.pass(1200);
    expect([2, 3, 4].map((id) => openAt(cluster, id, step.signed.header.instance))).toEqual([1, 1, 1]);
    expect(of(sent, "fetch")).toEqual(["2 > 1 fetch", "3 > 1 fetch", "4 > 1 fetch"]);
    expect(of(sent, "undecided")).toEqual(["1 > 2 undecided", "1 > 3 undecided", "1 > 4 undecided"]);
  });

  test("makes evidence with another one of its seq, wherever the two are", () => {
    const { cluster, live } = stolen("two halves");
    cluster.loop.pass(3000);
    const [one, other] = [forgeStep(live, "one"), forgeStep(live, "other")];
    expect(headerHash(one.signed.header)).not.toEqual(headerHash(other.signed.header));
    votesFor(cluster, one, [1, 2]);
    votesFor(cluster, other, [3, 4]);
    cluster.loop.pass(1200);
    const { instance } = one.signed.header;
    expect(statusesOf(cluster, instance)).toEqual(Array(4).fill("revoked"));
  });

  test("is sent to who asks also where another one of its seq is certified", () => {
    const { cluster, live } = stolen("beside a certified one");
    cluster.loop.pass(3000);
    const told = (id: number, signed: SignedHeader, qc: Certificate) =>
      tellCertified(cluster, id, { signed, qc });
    const one = forgeStep(live, "one");
    const first = assembleCertificate(votesFor(cluster, one, [1, 2, 3]));
    const at = goOn(live, one, first);
    const two = forgeStep(at, "two");
    const second = assembleCertificate(votesFor(cluster, two, [1, 2, 3]));
    // The fourth takes in the second across a gap, where nobody can check this; so it cannot make evidence itself.
    told(4, { ...two.signed, chainSignature: damaged(two.signed.chainSignature) }, second);
    for (const id of [1, 2, 3]) {
      told(id, one.signed, first);
      told(id, two.signed, second);
    }
    ask(cluster.loop, cluster.node(4), stepMessage(forgeStep(at, "other")));
    cluster.loop.pass(1200);
    const { instance } = two.signed.header;
    expect(statusesOf(cluster, instance)).toEqual(Array(4).fill("revoked"));
  });

  test("is named again at once when it found no room", () => {
    const { cluster, live } = stolen("no room");
    cluster.loop.pass(3000);
    const step = forgeStep(live, "next");
    votesFor(cluster, step, [1]);
    const full = { until: cluster.loop.nowMs + 2500 };
    const receive = cluster.node(1).onPeerMessage.bind(cluster.node(1));
    vi.spyOn(cluster.node(1), "onPeerMessage").mockImplementation((from, message) => {
      // The question comes, and the answer finds no room.
      cluster.refuse = (sender) =>
        sender === 1 && message.kind === "fetch" && cluster.loop.nowMs < full.until;
      receive(from, message);
      cluster.refuse = () => false;
    });
    cluster.loop.pass(2500);
    expect(openAt(cluster, 2, step.signed.header.instance)).toBe(0);
    cluster.loop.pass(2500);
    expect(openAt(cluster, 2, step.signed.header.instance)).toBe(1);
  });

  test("that a peer only claims to hold costs one question at a time, and nothing else changes", () => {
    const { cluster, live } = stolen("claimed");
    cluster.loop.pass(3000);
    const { header } = forgeStep(live, "never shown").signed;
    const before = recordOf(cluster, 1, header.instance);
    const sent = peerTraffic(cluster);
    const items = Array.from({ length: 32 }, (_, i) => ({
      kind: "open" as const,
      instance: header.instance,
      seq: header.seq,
      headerHash: new Uint8Array(32).fill(i),
    }));
    for (let i = 0; i < 10; i++) cluster.node(1).onPeerMessage(2, { kind: "gossip", ...quiet, items });
    cluster.loop.pass(500);
    expect(sent.filter((line) => line.endsWith("fetch"))).toEqual(["1 > 2 fetch"]);
    expect(recordOf(cluster, 1, header.instance)).toEqual(before);
  });
});
