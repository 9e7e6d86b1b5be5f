import { describe, expect, it } from "vitest";
import { Agent, runVerb, until } from "../src/processes/index.ts";
import { rounds } from "./support/full.ts";
import { pause, randomMs } from "./support/oracle-set.ts";
import { SigningLoad } from "./support/signing-load.ts";
import { expectActive, expectUnharmed } from "./support/suspensions.ts";
import { sharedCluster, useWorld } from "./support/world.ts";

const world = useWorld(sharedCluster);

describe("an agent that is killed", () => {
  it("at random moments, again and again, goes on where it was", async () => {
    const kills = rounds(4, 30);
    const agent = await world.running();
    const key = await agent.publicKey();
    const load = new SigningLoad(agent, key);
    const delays: number[] = [];
    for (let kill = 1; kill <= kills; kill++) {
      const before = load.signed;
      // Every third time it may die before it is of any use; else it must have signed something in this life.
      if (kill % 3 !== 0)
        await until(() => load.signed > before, { what: `a signature before kill ${kill}`, everyMs: 5 });
      const delayMs = randomMs(400);
      delays.push(delayMs);
      await pause(delayMs);
      await agent.daemon.kill();
      await agent.start();
    }
    await until(() => load.signed > 0 && load.signed, { what: "signatures" });
    await load.stop();
    expect(load.refusals, `killed after ${delays.join(", ")} ms`).toEqual([]);
    await expectActive(world.cluster, agent);
  });

  it("while it starts, starts again", async () => {
    const agent = await world.running();
    for (let kill = 1; kill <= rounds(2, 10); kill++) {
      await agent.stop();
      const args = ["run", "--dir", agent.dir, "--json"];
      const killed = await runVerb("ipse-agent", args, { timeoutMs: 1 + randomMs(1200) });
      expect(killed.code, killed.stderr).toBe(-1);
      await agent.start();
    }
    await expectUnharmed(world.cluster, agent);
  });

  it("while it enrolls, enrolls with the same ticket", async () => {
    for (let kill = 1; kill <= rounds(1, 8); kill++) {
      const join = await world.ticket();
      const agent = new Agent(world.path(`killed-${kill}`));
      const env = { IPSE_JOIN_URI: join };
      const words = ["enroll", "--dir", agent.dir, "--json"];
      const delayMs = 300 + randomMs(900);
      const first = await runVerb("ipse-agent", words, { env, timeoutMs: delayMs });
      const second = first.code === 0 ? first : await runVerb("ipse-agent", words, { env });
      // It may have been killed after all was done.
      const done = second.code === 0 || second.stderr.includes("ERR_ALREADY_ENROLLED");
      expect(done, `killed after ${delayMs} ms: ${second.stderr}`).toBe(true);
      await agent.start();
      await expectUnharmed(world.cluster, agent);
      await agent.stop();
    }
  });
});
