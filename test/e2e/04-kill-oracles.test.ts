import { describe, expect, it } from "vitest";
import { type Agent, until } from "../src/processes/index.ts";
import { FULL, rounds } from "./support/full.ts";
import { OracleSet, pause, randomMs } from "./support/oracle-set.ts";
import { SigningLoad } from "./support/signing-load.ts";
import { expectActive, expectUnharmed } from "./support/suspensions.ts";
import { useWorld } from "./support/world.ts";

let oracles: OracleSet;
let agent: Agent;
const world = useWorld(async (made) => {
  oracles = await OracleSet.lay(made.path("cluster"));
  made.cluster = oracles.cluster;
  await oracles.startAll();
  await oracles.ready();
  agent = await made.running();
});

async function loaded(act: (load: SigningLoad) => Promise<void>): Promise<SigningLoad> {
  const load = new SigningLoad(agent, await agent.publicKey());
  try {
    await act(load);
  } finally {
    await load.stop();
  }
  return load;
}

function moreThan(load: SigningLoad, signed: number, what: string): Promise<boolean> {
  return until(() => load.signed > signed, { what, everyMs: 10 });
}

describe("oracles that are killed", () => {
  it("one at a time, at random moments: signing goes on meanwhile", async () => {
    const load = await loaded(async (running) => {
      for (let kill = 1; kill <= rounds(2, 12); kill++) {
        const id = 1 + randomMs(oracles.ids.length);
        await pause(randomMs(300));
        await oracles.kill(id);
        await moreThan(running, running.signed, `a signature without oracle ${id}`);
        await oracles.start(id);
        await oracles.ready([id]);
      }
    });
    expect(load.refusals).toEqual([]);
    await expectActive(world.cluster, agent);
  });

  it("all at once: the agent waits, then goes on by itself", async () => {
    for (let round = 1; round <= rounds(1, 3); round++) {
      const load = await loaded(async (running) => {
        await moreThan(running, 0, "a signature before");
        await oracles.killAll();
        await pause(randomMs(1000));
        const before = running.signed;
        await oracles.startAll();
        await oracles.ready();
        await moreThan(running, before, "a signature after");
      });
      // Whoever asked meanwhile may be told that nobody was there, and nothing else.
      expect(load.refusals.filter((code) => code !== "ERR_QUORUM_UNREACHABLE")).toEqual([]);
      await expectUnharmed(world.cluster, agent);
    }
  });

  it("restarted in turn, as an upgrade does it, stall nobody", async () => {
    const load = await loaded(async (running) => {
      for (let round = 1; round <= rounds(1, 2); round++) {
        for (const id of oracles.ids) {
          await oracles.restart(id);
          await oracles.ready([id]);
          await moreThan(running, running.signed, `a signature after the restart of oracle ${id}`);
        }
      }
    });
    expect(load.refusals).toEqual([]);
    await expectActive(world.cluster, agent);
  });

  it.runIf(FULL)("stopped all and started again hold what they held", async () => {
    await Promise.all(oracles.ids.map((id) => oracles.daemon(id).stop()));
    await oracles.startAll();
    await oracles.ready();
    await until(async () => (await agent.sign(Buffer.from("back"))).signature !== undefined, {
      what: "signing after the restart of everything",
    });
    await expectUnharmed(world.cluster, agent);
  });
});
