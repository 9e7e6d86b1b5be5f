import { describe, expect, it } from "vitest";
import { type Agent, Cluster, errorCodeOf, runVerb, until } from "../src/processes/index.ts";
import { expectUnharmed, mustSign } from "./support/suspensions.ts";
import { ownCluster, useWorld } from "./support/world.ts";

let agent: Agent;
const world = useWorld(async (made) => {
  await ownCluster(made);
  agent = await made.running({ resources: ["http://127.0.0.1:9/"], scopes: ["read"] });
});

/** Everything an operator sees. */
async function everything(): Promise<unknown[]> {
  const { cluster } = world;
  const lists = await Promise.all([cluster.json(["workload", "list"]), cluster.json(["instance", "list"])]);
  const timeless = lists.map((list) => JSON.parse(JSON.stringify(list), withoutProgress) as unknown);
  return [
    cluster.issuer,
    cluster.oracles.map(({ id, url, local_url }) => ({ id, url, local_url })),
    timeless,
  ];
}

/** The running agent's heartbeats move these. */
function withoutProgress(key: string, value: unknown): unknown {
  return ["head_seq", "share_version"].includes(key) ? undefined : value;
}

describe("a dev cluster that is stopped and resumed", () => {
  it("holds what it held, on the same addresses; its agents go on by themselves", async () => {
    const revoked = await world.enrolled();
    await revoked.start();
    const instance = String((await revoked.status())["instance"]);
    await world.cluster.json(["instance", "revoke", instance, "--reason", "for the test"]);
    await until(async () => (await revoked.sign(Buffer.from("no"))).code === "ERR_INSTANCE_REVOKED", {
      what: "the revocation",
    });
    await mustSign(agent, "before");
    const before = await everything();

    await world.cluster.stop();
    world.cluster = await Cluster.start(world.path("cluster"), []);
    expect(await everything()).toEqual(before);
    await until(async () => (await agent.sign(Buffer.from("after"))).signature !== undefined, {
      what: "signing after the restart",
    });
    expect((await revoked.sign(Buffer.from("no"))).code).toBe("ERR_INSTANCE_REVOKED");
    await expectUnharmed(world.cluster, agent);
  });

  it("refuses a second one on the same directory, and other numbers of oracles", async () => {
    const { dir } = world.cluster;
    const second = await runVerb("ipse-oracle", ["dev", "--dir", dir, "--json"]);
    expect([second.code, errorCodeOf(second)]).toEqual([1, "ERR_STORE_LOCKED"]);
    await mustSign(agent, "the first goes on");
  });
});
