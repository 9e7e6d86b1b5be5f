import type { HostEvent } from "@ipse/protocol/host";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { EndpointDirectory, OracleLinks } from "../../src/links/index.ts";
import { kernelEntropy, systemTimers } from "../../src/platform/index.ts";
import { Cluster } from "../tools/cluster.ts";
import { FakeTime } from "../tools/fake-time.ts";
import { until } from "../tools/until.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await Cluster.start();
}, 60_000);
afterAll(() => cluster.stop());

function linksOf(directory: EndpointDirectory, timers = systemTimers) {
  const events: HostEvent[] = [];
  let saves = 0;
  const links = new OracleLinks(
    {
      group: cluster.group,
      roster: cluster.roster.roster,
      directory,
      entropy: kernelEntropy(),
      timers,
      events: (event) => events.push(event),
      onEndpoints: () => saves++,
    },
    { onUp: () => {}, onDown: () => {}, onMessage: () => {} },
  );
  onTestFinished(() => links.stop());
  links.start();
  const up = () => links.report().filter(({ connected }) => connected).length;
  return { links, up, events, saves: () => saves };
}

const bootstrap = (count = 4) =>
  cluster.servers
    .slice(0, count)
    .map(({ url }, i) => ({ oracle: i + 1, sessionUrl: url, tlsPin: new Uint8Array(32) }));

describe("the links of an agent", () => {
  it("learn the addresses that the join URI did not know, signed by operators", async () => {
    const directory = new EndpointDirectory(bootstrap(1));
    const { up, saves } = linksOf(directory);
    await until("all oracles are reached", () => up() === 4, 15_000);
    expect(saves()).toBeGreaterThanOrEqual(1);
    expect(directory.record(4)?.sessionUrl).toBe(cluster.servers[3]?.url);
    expect(directory.statements).toHaveLength(4);
  });

  it("look for an oracle that went away soon, however far away the next look was", async () => {
    const time = new FakeTime();
    const { links, up } = linksOf(new EndpointDirectory(bootstrap()), time);
    await until("all oracles are reached", () => up() === 4);
    await links.refresh();
    const [server] = cluster.servers.slice(3);
    await server?.stop();
    await until("one is away", () => up() === 3);
    await cluster.move(4);
    for (let i = 0; i < 40 && up() < 4; i++) {
      time.advance(1000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(up()).toBe(4);
    expect(time.monotonicMs()).toBeLessThan(60_000);
  });

  it("do not believe an address that no operator signed", async () => {
    const directory = new EndpointDirectory(bootstrap());
    const before = directory.session(2);
    const forged = cluster.forgedEndpoint(2);
    cluster.spread(forged);
    const { links, up } = linksOf(directory);
    await until("all oracles are reached", () => up() === 4);
    for (let i = 0; i < 4; i++) await links.refresh();
    expect(directory.session(2)?.sessionUrl).toBe(before?.sessionUrl);
  });
});

describe("the endpoint directory", () => {
  it("prefers the newest statement, in any order of arrival", async () => {
    const old = await cluster.endpoint(1, "http://127.0.0.1:1001");
    const newer = await cluster.endpoint(1, "http://127.0.0.1:1002");
    const forward = new EndpointDirectory([], [old, newer]);
    const backward = new EndpointDirectory([], [newer, old]);
    expect(forward.session(1)?.sessionUrl).toBe("http://127.0.0.1:1002");
    expect(backward.session(1)?.sessionUrl).toBe("http://127.0.0.1:1002");
    expect(backward.learn(old)).toBe(false);
  });
});
