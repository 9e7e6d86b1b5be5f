import { portableGroup } from "@ipse/protocol/group";
import type { HostEvent } from "@ipse/protocol/host";
import type { AgentMessage, OracleMessage } from "@ipse/protocol/wire";
import { describe, expect, it, onTestFinished } from "vitest";
import { Backoff } from "../../src/links/backoff.ts";
import { OracleLink } from "../../src/links/oracle-link.ts";
import { kernelEntropy, systemTimers } from "../../src/platform/index.ts";
import { OracleStub, VOTE_KEY } from "../tools/oracle-stub.ts";
import { until } from "../tools/until.ts";

function linkTo(url: () => string | undefined, more: { pingMs?: number; lifetimeMs?: number } = {}) {
  const seen: string[] = [];
  const answers: [number, OracleMessage["kind"]][] = [];
  const events: HostEvent[] = [];
  const link = new OracleLink(
    {
      oracle: 1,
      voteKey: VOTE_KEY,
      group: portableGroup,
      entropy: kernelEntropy(),
      timers: systemTimers,
      events: (event) => events.push(event),
      endpoint: () => {
        const sessionUrl = url();
        return sessionUrl === undefined ? undefined : { sessionUrl, tlsPin: new Uint8Array(32) };
      },
      ...more,
    },
    {
      onUp: () => seen.push("up"),
      onDown: () => seen.push("down"),
      onMessage: (message, id) => answers.push([id, message.kind]),
    },
  );
  onTestFinished(() => link.stop());
  link.start();
  return { link, seen, answers, events };
}

const status = (fill: number): AgentMessage => ({
  kind: "status",
  instance: new Uint8Array(32),
  challenge: new Uint8Array(32).fill(fill),
});

describe("a link to an oracle", () => {
  it("carries requests and the ids of their answers", async () => {
    const stub = await OracleStub.start();
    stub.onFrame = (_frame, reply) => reply({ kind: "noted", instance: new Uint8Array(32) });
    const { link, seen, answers } = linkTo(() => stub.url);
    expect(link.send(1, status(1))).toBe(false);
    await until("the link is up", () => link.up);
    expect(link.send(17, status(1))).toBe(true);
    await until("the answer is here", () => answers.length === 1);
    expect(answers).toEqual([[17, "noted"]]);
    expect(seen).toEqual(["up"]);
  });

  it("comes back after the oracle was away", async () => {
    const stub = await OracleStub.start();
    const { port } = stub;
    const { link, seen } = linkTo(() => `ws://127.0.0.1:${port}`);
    await until("the link is up", () => link.up);
    await stub.stop();
    await until("the link is down", () => !link.up);
    expect(link.problem).not.toBe("");
    await OracleStub.start({ port });
    await until("the link is up again", () => link.up, 10_000);
    expect(seen).toEqual(["up", "down", "up"]);
  });

  it("goes on trying while no address is known", async () => {
    const stub = await OracleStub.start();
    let url: string | undefined;
    const { link } = linkTo(() => url);
    await until("the problem is told", () => link.problem === "no endpoint is known");
    url = stub.url;
    await until("the link is up", () => link.up);
    expect(link.problem).toBe("");
  });

  it("drops an oracle that fell silent", async () => {
    const stub = await OracleStub.start();
    const { link, seen } = linkTo(() => stub.url, { pingMs: 80 });
    await until("the link is up", () => link.up);
    // A stopped process: the kernel keeps the connection, nobody answers the ping.
    stub.sockets[0]?.pause();
    await until("the link went down", () => seen.includes("down"));
    expect(seen.slice(0, 2)).toEqual(["up", "down"]);
  });

  it("keeps an idle connection whose pings are answered", async () => {
    const stub = await OracleStub.start();
    const { link, seen } = linkTo(() => stub.url, { pingMs: 20 });
    await until("the link is up", () => link.up);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(seen).toEqual(["up"]);
  });

  it("renews the connection before its time is over", async () => {
    const stub = await OracleStub.start();
    const { seen } = linkTo(() => stub.url, { lifetimeMs: 150 });
    await until("it was renewed", () => seen.length >= 3);
    expect(seen.slice(0, 3)).toEqual(["up", "down", "up"]);
    expect(stub.sockets.length).toBeGreaterThanOrEqual(2);
  });

  it("gives up a connection that is being made when it is stopped", async () => {
    const stub = await OracleStub.start({ silent: true });
    const { link } = linkTo(() => stub.url);
    await until("the oracle was reached", () => stub.sockets.length === 1);
    const closed = new Promise((resolve) => stub.sockets[0]?.once("close", resolve));
    link.stop();
    await closed;
    await until("the link says so", () => link.problem !== "");
    expect(link.problem).toContain("stopped");
  });

  it("stays down after the stop", async () => {
    const stub = await OracleStub.start();
    const { link, seen } = linkTo(() => stub.url);
    await until("the link is up", () => link.up);
    link.stop();
    await until("the link is down", () => !link.up);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(seen).toEqual(["up", "down"]);
  });
});

describe("back-off", () => {
  it("doubles up to its limit, within the upper half, and starts again", () => {
    const low = new Backoff(100, 1000, () => 0);
    expect([1, 2, 3, 4, 5, 6].map(() => low.nextMs())).toEqual([50, 100, 200, 400, 500, 500]);
    low.reset();
    expect(low.nextMs()).toBe(50);
    const high = new Backoff(100, 1000, () => 0.999);
    expect([1, 2, 3, 4, 5].map(() => high.nextMs())).toEqual([100, 200, 400, 800, 1000]);
  });
});
