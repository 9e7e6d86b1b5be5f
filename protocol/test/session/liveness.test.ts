import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/bytes.ts";
import { Cluster as Direct, liveOf } from "./workload-cluster.ts";
import { castOf, statementOf, ticketOf } from "./world/cast.ts";
import { type Agent, Cluster, TOPOLOGIES, type Topology } from "./world/cluster.ts";
import { accusations } from "./world/schedule.ts";

const raw = (text: string) => ({ type: "raw" as const, payload: utf8(text) });

/** SPEC section 12, "no deadlock": at most n - q oracles out and one honest copy, and the pending step certifies. */
function enrolled(topology: Topology, name: string): { cluster: Cluster; agent: Agent } {
  const cluster = new Cluster(topology, name);
  cluster.boot();
  const agent = cluster.agent("a");
  agent.start(name);
  cluster.world.settle(20_000, () => agent.running);
  expect(agent.running).toBe(true);
  return { cluster, agent };
}

/** The agent goes on by two steps and nobody is accused of anything. */
function goesOn({ cluster, agent }: { cluster: Cluster; agent: Agent }, withinMs = 60_000): void {
  const before = agent.headSeq;
  cluster.world.settle(withinMs, () => agent.headSeq >= before + 2);
  expect(agent.headSeq).toBeGreaterThanOrEqual(before + 2);
  expect(accusations(cluster, agent.instance ?? new Uint8Array(32))).toEqual([]);
}

describe.each(TOPOLOGIES)("with at most n - q of $n oracles out", (topology) => {
  test("a vote that is lost, then the certificate: the oracle takes part again", () => {
    const story = enrolled(topology, "vote lost");
    const { cluster, agent } = story;
    const last = cluster.ids.length;
    // Its answers are lost, it hears everything.
    for (let round = 0; round < 4; round++) {
      cluster.world.settle(11_000, () =>
        cluster.world.pending.some(({ label }) => label === `${last} -> agent 0`),
      );
      for (const one of cluster.world.pending) if (one.label === `${last} -> agent 0`) one.alive = false;
    }
    goesOn(story);
    cluster.world.settle(30_000);
    const record = cluster.node(last)?.record(agent.instance ?? new Uint8Array(32));
    const version = record?.head?.signed.header.shareVersion;
    expect(record?.shares.map((share) => share.version)).toContain(version);
  });

  test("the agent crashes inside a ratchet while oracles are down", () => {
    const story = enrolled(topology, "crash in ratchet");
    const { cluster, agent } = story;
    for (const id of cluster.ids.slice(topology.q)) cluster.crashOracle(id, 0);
    for (const kept of [true, false, true]) {
      const pending = (): boolean => {
        const phase = agent.host?.view.durable.phase;
        return phase?.kind === "live" && phase.pending?.ratchet !== undefined;
      };
      cluster.world.settle(30_000, pending);
      agent.crash(kept);
      agent.start();
      goesOn(story);
    }
  });

  test("an oracle that was away for many ratchets catches up, and another may go then", () => {
    const story = enrolled(topology, "away");
    const { cluster } = story;
    const away = cluster.ids.slice(topology.q);
    for (const id of away) cluster.crashOracle(id, 0);
    cluster.world.settle(240_000);
    for (const id of away) cluster.startOracle(id);
    cluster.world.settle(30_000);
    for (const id of cluster.ids.slice(0, topology.n - topology.q)) cluster.crashOracle(id, 0);
    goesOn(story);
  });

  test("all oracles and the agent restart at once, with a step open", () => {
    const story = enrolled(topology, "all restart");
    const { cluster, agent } = story;
    agent.sign(raw("open"));
    cluster.world.settle(2000, () =>
      cluster.world.pending.some(({ label }) => label.startsWith("agent 0 ->")),
    );
    for (const id of cluster.ids) cluster.crashOracle(id, id % 3);
    agent.crash(true);
    for (const id of cluster.ids) cluster.startOracle(id);
    agent.start();
    cluster.world.settle(30_000, () => agent.running);
    goesOn(story);
  });

  test("fenced oracles count as out, no more", () => {
    const story = enrolled(topology, "fenced");
    for (const id of story.cluster.ids.slice(topology.q))
      story.cluster.node(id)?.fence("test", () => undefined);
    goesOn(story);
  });
});

describe("operators and the ENROLL", () => {
  test("suspended, then released: the copy at the head goes on", () => {
    const cluster = new Direct("released");
    const running = cluster.enrolled("released");
    const { instance } = liveOf(running).head.signed.header;
    const say = (action: "quarantine" | "release", serial: number): void => {
      const payload = { kind: "instance" as const, instance, action, release: 1, reason: "test" };
      cluster.node(1).submitStatement(statementOf(cluster.cast, payload, serial), (error) => {
        if (error !== undefined) throw error;
      });
    };
    say("quarantine", 1);
    cluster.loop.until(() => running.host.view.mode === "quarantined");
    say("release", 2);
    cluster.loop.until(() => running.host.view.mode === "running", 120_000);
    const outcome = cluster.sign(running, "after the release");
    expect(outcome.ok).toBe(true);
  });

  test("workloads that race for the uses of one ticket all enroll, each with its own use", () => {
    const cluster = new Direct("split");
    const ticket = ticketOf(cluster.cast, "split", 4);
    cluster.network = () => [1 + (cluster.loop.nowMs % 3)];
    const both = [cluster.workload(ticket), cluster.workload(ticket)];
    cluster.loop.until(() => both.every(({ host }) => host.view.mode === "running"), 120_000);
    const [a, b] = both.map((one) => liveOf(one).enrollment.body.use);
    expect(a).not.toBe(b);
    expect(castOf(4, 3, 1)).toBe(cluster.cast);
  });
});
