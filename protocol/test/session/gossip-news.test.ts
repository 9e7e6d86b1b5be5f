import { describe, expect, test } from "vitest";
import { assembleCertificate } from "../../src/session/vote.ts";
import { openAt, peerTraffic, quiet, recordOf, stolen, tellCertified, votesFor } from "./stolen-workload.ts";
import { forgeStep, goOn, type Stolen } from "./world/forge.ts";

const VOTERS = [1, 2, 3];
/** The longest interval of gossip, and a link there. */
const INTERVAL_MS = 1100 + 50;

/** A workload that takes a step every `everyMs` with oracles 1, 2 and 3, a quarter of it between votes and certificate. */
function busy(name: string, everyMs: number) {
  const { cluster, live } = stolen(name);
  cluster.loop.pass(3000);
  const sent = peerTraffic(cluster);
  const { instance } = live.head.signed.header;
  let at: Stolen = live;
  let taken = 0;
  const steps = (ms: number): void => {
    for (const until = cluster.loop.nowMs + ms; cluster.loop.nowMs < until; ) {
      const step = forgeStep(at, `${name} ${taken++}`);
      const qc = assembleCertificate(votesFor(cluster, step, VOTERS));
      cluster.loop.pass(everyMs / 4);
      at = goOn(at, step, qc);
      for (const id of VOTERS) expect(tellCertified(cluster, id, at.head).kind).toBe("certAck");
      cluster.loop.pass((3 * everyMs) / 4);
    }
  };
  const headAt = (id: number): number => recordOf(cluster, id, instance).head?.signed.header.seq ?? -1;
  const of = (kind: string): string[] => [...new Set(sent.filter((line) => line.endsWith(` ${kind}`)))];
  return { cluster, steps, headAt, of };
}

describe("what gossip tells of a workload that takes steps", () => {
  test("is nothing while it brings them on itself, and where it has got to once it rests", () => {
    const { cluster, steps, headAt, of } = busy("brings them on", 200);
    const before = headAt(4);
    steps(3000);
    expect([of("open"), of("head"), headAt(4)]).toEqual([[], [], before]);
    cluster.loop.pass(INTERVAL_MS);
    expect(of("head").sort()).toEqual(["1 > 4 head", "2 > 4 head", "3 > 4 head"]);
    expect(headAt(4)).toBe(headAt(1));
  });

  test("is where it has got to, every few intervals, also when it never rests", () => {
    const { steps, headAt } = busy("never rests", 200);
    const before = headAt(4);
    steps(3000);
    expect(headAt(4)).toBe(before);
    steps(3000);
    expect(headAt(4)).toBeGreaterThan(before + 15);
  });

  test("is each step that takes longer", () => {
    const { steps, of } = busy("takes longer", 4000);
    steps(8000);
    expect(of("open")).toHaveLength(12);
  });
});

const LATER_MS = Array.from({ length: 20 }, (_, i) => 50 * i);

describe("what gossip has to tell is told within an interval, whenever it came", () => {
  test.each(LATER_MS)("an undecided header, %i ms later", (ms) => {
    const { cluster, live } = stolen("undecided");
    cluster.loop.pass(3000 + ms);
    const step = forgeStep(live, "next");
    votesFor(cluster, step, [1]);
    cluster.loop.pass(INTERVAL_MS);
    expect([2, 3, 4].map((id) => openAt(cluster, id, step.signed.header.instance))).toEqual([1, 1, 1]);
  });

  test.each(LATER_MS)("a header that came from a peer before its vote, %i ms later", (ms) => {
    const { cluster, live } = stolen("before its vote");
    cluster.loop.pass(3000 + ms);
    const step = forgeStep(live, "next");
    const item = { kind: "undecided", proven: { signed: step.signed, parent: step.parent } } as const;
    cluster.node(1).onPeerMessage(2, { kind: "gossip", ...quiet, items: [item] });
    cluster.loop.pass(700);
    votesFor(cluster, step, [1]);
    cluster.loop.pass(INTERVAL_MS - 700);
    expect([3, 4].map((id) => openAt(cluster, id, step.signed.header.instance))).toEqual([1, 1]);
  });

  test.each(LATER_MS)("a head, %i ms later", (ms) => {
    const { cluster, steps, headAt } = busy("head", 4);
    cluster.loop.pass(ms);
    const before = headAt(4);
    steps(1);
    cluster.loop.pass(INTERVAL_MS);
    expect([1, 2, 3, 4].map(headAt)).toEqual(Array(4).fill(before + 1));
  });
});
