import { createPublicKey, verify } from "node:crypto";
import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/bytes.ts";
import { Cluster, TOPOLOGIES } from "./world/cluster.ts";
import { MemoryStateFile } from "./world/world.ts";

const SPKI = Buffer.from("302a300506032b6570032100", "hex");
const raw = (text: string) => ({ type: "raw" as const, payload: utf8(text) });

/** A cluster with one enrolled, running agent. */
function enrolled(topology: (typeof TOPOLOGIES)[number], seed: string) {
  const cluster = new Cluster(topology, seed);
  cluster.boot();
  const agent = cluster.agent("a");
  agent.start(seed);
  cluster.world.settle(20_000, () => agent.running);
  return { cluster, agent };
}

describe.each(TOPOLOGIES)("a cluster of $n with quorum $q", (topology) => {
  test("an agent enrolls and signs; node:crypto verifies", () => {
    const { cluster, agent } = enrolled(topology, "enroll");
    expect(agent.running).toBe(true);
    agent.sign(raw("hello"));
    cluster.world.settle(5_000, () => agent.outcomes.length > 0);
    const [outcome] = agent.outcomes;
    const signed = outcome?.ok === true ? outcome.outcomes[0] : undefined;
    expect(signed?.ok).toBe(true);
    const summary = cluster.node(1)?.instance(agent.instance ?? new Uint8Array(32));
    const key = createPublicKey({
      key: Buffer.concat([SPKI, Buffer.from(summary?.identityKey ?? [])]),
      format: "der",
      type: "spki",
    });
    const signature = signed?.ok === true ? signed.signature : new Uint8Array(64);
    expect(verify(null, utf8("hello"), key, signature)).toBe(true);
  });

  test("heartbeats ratchet the shares, also with n - q oracles down, and they catch up", () => {
    const { cluster, agent } = enrolled(topology, "heartbeats");
    const down = cluster.ids.slice(topology.q);
    for (const id of down) cluster.crashOracle(id, 0);
    cluster.world.settle(65_000);
    const seq = agent.headSeq;
    expect(seq).toBeGreaterThan(4);
    for (const id of down) cluster.startOracle(id);
    cluster.world.settle(25_000);
    expect(agent.headSeq).toBeGreaterThan(seq);
    const versions = cluster.ids.map((id) => {
      const record = cluster.node(id)?.record(agent.instance ?? new Uint8Array(32));
      const held = record?.shares.map((share) => share.version) ?? [];
      return held.includes(record?.head?.signed.header.shareVersion ?? -1);
    });
    expect(versions).toEqual(cluster.ids.map(() => true));
  });

  test("a copied disk forks: evidence at every oracle, nobody signs again", () => {
    const { cluster, agent } = enrolled(topology, "clone");
    cluster.world.settle(25_000);
    const clone = cluster.agent("b", new MemoryStateFile(cluster.world, agent.file.durable));
    clone.start();
    cluster.world.settle(3_000, () => clone.running);
    clone.sign(raw("stolen"));
    const id = agent.instance ?? new Uint8Array(32);
    cluster.world.settle(60_000, () => agent.dead && clone.dead);
    expect(agent.dead && clone.dead).toBe(true);
    expect(cluster.ids.map((oracle) => cluster.node(oracle)?.instance(id)?.status)).toEqual(
      cluster.ids.map(() => "revoked"),
    );
    expect(cluster.ids.every((oracle) => cluster.node(oracle)?.evidence(id) !== undefined)).toBe(true);
  });
});
