import { afterEach, describe, expect, it } from "vitest";
import { createLocalListener, createMetrics } from "../../src/local-listener/index.ts";
import { FakeNode } from "../support/fake-node.ts";
import { clock, limits } from "../support/listener.ts";

describe("the local listener", () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  const open = (nowMs = Date.now()) => {
    const node = new FakeNode(3);
    const metrics = createMetrics();
    const app = createLocalListener({
      node,
      clock: { ...clock, nowMs: () => nowMs },
      limits,
      metrics,
      gauges: () => ({ session_connections: 5 }),
    });
    closing.push(() => app.close());
    const get = (url: string, host = "127.0.0.1:1") => app.inject({ url, headers: { host } });
    return { node, metrics, get };
  };

  it("is alive, and ready when nothing stands against it", async () => {
    const { get } = open();
    expect((await get("/livez")).json()).toEqual({ status: "ok", oracle: 3 });
    const ready = await get("/readyz");
    expect([ready.statusCode, ready.json()]).toEqual([
      200,
      { ready: true, oracle: 3, fenced: false, reasons: {} },
    ]);
  });

  it("says part by part why it is not ready", async () => {
    const { node, get } = open();
    node.reasons = { quorum: "1 of 2 peers" };
    const ready = await get("/readyz");
    expect([ready.statusCode, ready.json().reasons]).toEqual([503, { quorum: "1 of 2 peers" }]);
    const quorum = await get("/readyz/quorum");
    expect([quorum.statusCode, quorum.json()]).toEqual([
      503,
      { ready: false, part: "quorum", reason: "1 of 2 peers" },
    ]);
    expect((await get("/readyz/pool")).statusCode).toBe(200);
    expect((await get("/readyz/constructor")).json().code).toBe("ERR_PART_NOT_FOUND");
  });

  it("notices a clock that was never set", async () => {
    const { get } = open(0);
    expect((await get("/readyz/clock")).statusCode).toBe(503);
  });

  it("counts", async () => {
    const { metrics, get } = open();
    metrics.count({ level: "warn", event: "fork.detected" });
    const { body, headers } = await get("/metrics");
    expect(headers["content-type"]).toContain("text/plain");
    expect(body).toContain('ipse_oracle_events_total{event="fork.detected"} 1');
    expect(body).toContain("# TYPE ipse_oracle_votes_total counter\nipse_oracle_votes_total 3");
    expect(body).toContain("ipse_oracle_session_connections 5");
    expect((await get("/metrics")).body).toContain("ipse_oracle_votes_total 3");
  });

  it("answers to loopback names alone", async () => {
    const { get } = open();
    expect((await get("/readyz", "evil.example")).statusCode).toBe(421);
    for (const host of ["localhost:7402", "[::1]:7402", "127.0.0.9"])
      expect((await get("/livez", host)).statusCode).toBe(200);
  });
});
