import { afterAll, describe, expect, it } from "vitest";
import { type Agent, errorCodeOf, signatureVerifies, until } from "../src/processes/index.ts";
import { freePort } from "./support/free-port.ts";
import { Interposer } from "./support/interposer.ts";
import { OracleSet } from "./support/oracle-set.ts";
import { expectUnharmed, mustSign } from "./support/suspensions.ts";
import { useWorld } from "./support/world.ts";

let oracles: OracleSet;
const interposers = new Map<number, Interposer>();

/** Every oracle moves to another port, and an interposer takes its address. */
async function interpose(): Promise<void> {
  for (const { id, url } of oracles.cluster.oracles) {
    const own = new URL(url).port;
    const behind = await freePort();
    oracles.editConfig(id, (yaml) => yaml.replace(`127.0.0.1:${own}`, `127.0.0.1:${behind}`));
    interposers.set(id, await Interposer.start(Number(own), behind));
  }
}

function interposer(id: number): Interposer {
  const found = interposers.get(id);
  if (found === undefined) throw new Error(`no interposer before oracle ${id}`);
  return found;
}

/** Makes one oracle the fastest by far, so that it is chosen whenever it can be. */
function favor(id: number): void {
  for (const [other, { manners }] of interposers) manners.delayMs = other === id ? 0 : 60;
}

let agent: Agent;
const world = useWorld(async (made) => {
  oracles = await OracleSet.lay(made.path("cluster"));
  made.cluster = oracles.cluster;
  await interpose();
  await oracles.startAll();
  await oracles.ready();
  agent = await made.running();
});

afterAll(async () => {
  await Promise.all([...interposers.values()].map((one) => one.stop()));
});

async function signMany(count: number, text: string): Promise<void> {
  const key = await agent.publicKey();
  for (let i = 1; i <= count; i++) {
    const message = `${text} ${i}`;
    const signature = await mustSign(agent, message);
    expect(signatureVerifies(key, Buffer.from(message), signature), message).toBe(true);
  }
}

async function culprits(): Promise<number[]> {
  const named = (await agent.events()).filter(({ event }) => event["event"] === "signing.culprit");
  return [...new Set(named.map(({ event }) => Number(event["oracle"])))];
}

describe("one oracle of four", () => {
  it("lies: its shares are noticed, it is named, signing goes on", async () => {
    favor(3);
    await signMany(2, "before the lie");
    expect(await culprits()).toEqual([]);
    interposer(3).manners.lies = true;
    await signMany(5, "one liar");
    expect(interposer(3).lied).toBeGreaterThan(0);
    expect(await culprits()).toEqual([3]);
    interposer(3).manners.lies = false;
    favor(0);
  });

  it("is slow: signing goes on without waiting for it", async () => {
    const delayMs = 8000;
    interposer(2).manners.delayMs = delayMs;
    const startMs = performance.now();
    await signMany(5, "one slow");
    expect(performance.now() - startMs, "five signatures, none of which waited").toBeLessThan(5 * delayMs);
    interposer(2).manners.delayMs = 0;
  });

  it("is stopped: signing goes on; two are: exit 5 in bounded time; they continue: it recovers by itself", async () => {
    for (const { manners } of interposers.values()) manners.delayMs = 0;
    oracles.daemon(1).signal("SIGSTOP");
    await signMany(5, "one stopped");
    oracles.daemon(4).signal("SIGSTOP");
    const refused = await agent.verb(["sign", "--file", oracles.configFile(2)]);
    expect([refused.code, errorCodeOf(refused)]).toEqual([5, "ERR_QUORUM_UNREACHABLE"]);
    oracles.daemon(1).signal("SIGCONT");
    oracles.daemon(4).signal("SIGCONT");
    const again = async () => (await agent.sign(Buffer.from("again"))).signature !== undefined;
    await until(again, { what: "signing after the stop", timeoutMs: 60_000 });
    await expectUnharmed(world.cluster, agent);
  });
});
