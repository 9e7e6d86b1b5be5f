import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/bytes.ts";
import { verifyEvidence } from "../../src/session/evidence.ts";
import { runs } from "../group/backends.ts";
import { group } from "./world/cast.ts";
import { Cluster, TOPOLOGIES } from "./world/cluster.ts";
import { calm, checkOneHeaderPerSeq, happen, schedules } from "./world/schedule.ts";
import { MemoryStateFile } from "./world/world.ts";

interface Attack {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly memory: boolean;
}

/**
 * SPEC section 12 with a copy: taken at any moment, of disk or memory, under any
 * schedule. One header is certified per seq; once both reach the oracles, not both
 * go on; a revocation comes with evidence that a stranger accepts, at every oracle.
 */
function copied(topology: (typeof TOPOLOGIES)[number], { before, after, memory }: Attack): void {
  const cluster = new Cluster(topology, `copy/${before.length}/${after.length}/${before[0]}`);
  cluster.boot();
  const victim = cluster.agent("a");
  victim.start("copy");
  cluster.world.settle(30_000, () => victim.running);
  expect(victim.instance).toBeDefined();
  for (const choice of before) happen(cluster, victim, choice);
  const clone = cluster.agent("b", new MemoryStateFile(cluster.world, victim.file.durable));
  if (memory && victim.host !== undefined) clone.resume(victim.host.snapshot());
  else clone.start();
  for (const choice of after) happen(cluster, choice % 3 === 0 ? clone : victim, choice >> 2);
  const both = [victim, clone];
  const id = victim.instance ?? clone.instance ?? new Uint8Array(32);
  const over = (): boolean => both.some((agent) => agent.dead);
  calm(cluster, both, 600_000, over);
  calm(cluster, both, 60_000);
  checkOneHeaderPerSeq(cluster, id);
  expect(both.map((agent) => agent.host?.view.mode)).not.toEqual(["running", "running"]);
  const { roster } = cluster.cast;
  for (const oracle of cluster.ids) {
    const node = cluster.node(oracle);
    const evidence = node?.evidence(id);
    if (node?.instance(id)?.status !== "revoked") expect(evidence).toBeUndefined();
    else if (evidence !== undefined) expect(verifyEvidence(group, roster, evidence)).toEqual(id);
  }
  const statuses = new Set(cluster.ids.map((oracle) => cluster.node(oracle)?.instance(id)?.status));
  expect([...statuses]).toHaveLength(1);
  // Nobody signs for a suspended instance.
  for (const agent of both) agent.outcomes.length = 0;
  for (const agent of both) agent.sign({ type: "raw", payload: utf8("after the end") });
  cluster.world.settle(30_000);
  expect(both.flatMap((agent) => agent.outcomes).filter((outcome) => outcome.ok)).toEqual([]);
}

describe.each(TOPOLOGIES)("copies on $n oracles, quorum $q", (topology) => {
  test("two copies that reach the oracles never both go on", () => {
    expect.hasAssertions();
    const attack = fc.record({ before: schedules(200), after: schedules(300), memory: fc.boolean() });
    fc.assert(
      fc.property(attack, (one) => copied(topology, one)),
      { ...runs(topology.n === 4 ? 0.25 : 0.1), endOnFailure: true },
    );
  });
});
