import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../group/backends.ts";
import { Cluster, TOPOLOGIES } from "./world/cluster.ts";
import { accusations, calm, checkOneHeaderPerSeq, happen, schedules } from "./world/schedule.ts";

/**
 * SPEC section 12 without an attacker: whatever is lost, doubled, reordered or
 * crashed, wherever, nobody is suspended, one header is certified per seq, and once
 * the faults end the agent goes on.
 */
function benign(topology: (typeof TOPOLOGIES)[number], schedule: readonly number[]): void {
  const cluster = new Cluster(topology, `benign/${schedule.length}/${schedule[0]}`);
  cluster.boot();
  const agent = cluster.agent("a");
  agent.start("benign");
  for (const choice of schedule) happen(cluster, agent, choice);
  calm(cluster, [agent], 120_000, () => agent.running);
  expect({ running: agent.running, statuses: agent.statuses }).toMatchObject({ running: true });
  const id = agent.instance ?? new Uint8Array(32);
  const before = agent.headSeq;
  calm(cluster, [agent], 120_000, () => agent.headSeq >= before + 2);
  expect(agent.headSeq).toBeGreaterThanOrEqual(before + 2);
  expect(accusations(cluster, id)).toEqual([]);
  expect(checkOneHeaderPerSeq(cluster, id)).toBeGreaterThan(0);
  expect(cluster.ids.filter((oracle) => cluster.node(oracle)?.fenced === true)).toEqual([]);
}

describe.each(TOPOLOGIES)("benign schedules on $n oracles, quorum $q", (topology) => {
  test("nothing that is not a copy suspends anybody", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(schedules(600), (schedule) => benign(topology, schedule)),
      { ...runs(topology.n === 4 ? 0.3 : 0.15), endOnFailure: true },
    );
  });
});
