import { IpseError } from "@ipse/protocol";
import type { Clock, OracleNode, ReadyReasons } from "@ipse/protocol/host";
import type { FastifyInstance } from "fastify";
import { isLoopback, type Limits } from "../config/index.ts";
import { createHttp, sendProblem } from "../http/create-http.ts";
import type { Metrics } from "./metrics.ts";

export interface LocalListenerOptions {
  readonly node: OracleNode;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly metrics: Metrics;
  /** Gauges of the edge: connections, keys in the store. */
  readonly gauges: () => Readonly<Record<string, number>>;
}

const PARTS = ["quorum", "store", "clock", "pool", "roster"] as const;

/** Ipse did not exist before; a clock that says so was never set. */
const CLOCK_FLOOR_MS = Date.UTC(2025, 0, 1);

export function readiness(node: OracleNode, clock: Clock): ReadyReasons {
  const reasons = node.ready();
  if (clock.nowMs() >= CLOCK_FLOOR_MS || reasons.clock !== undefined) return reasons;
  return { ...reasons, clock: "the clock stands before 2025; set it" };
}

/** Loopback alone: health, readiness with reasons, metrics. Nothing listens yet. */
export function createLocalListener(options: LocalListenerOptions): FastifyInstance {
  const { node, clock, metrics, gauges } = options;
  const app = createHttp({ limits: options.limits });
  // A web page that resolves its own name to 127.0.0.1 still sends that name.
  app.addHook("onRequest", async (request, reply) => {
    if (!isLoopback(request.hostname.replace(/^\[|\]$/g, "")))
      return sendProblem(reply, 421, "ERR_HTTP_HOST", "this listener answers to loopback names alone");
  });
  app.get("/livez", (_request, reply) => reply.send({ status: "ok", oracle: node.oracle }));
  app.get("/readyz", (_request, reply) => {
    const reasons = readiness(node, clock);
    const ready = Object.keys(reasons).length === 0;
    return reply.code(ready ? 200 : 503).send({ ready, oracle: node.oracle, fenced: node.fenced, reasons });
  });
  app.get<{ Params: { part: string } }>("/readyz/:part", (request, reply) => {
    const part = PARTS.find((one) => one === request.params.part);
    if (part === undefined)
      throw new IpseError("ERR_PART_NOT_FOUND", `no such part; there are ${PARTS.join(", ")}`);
    const reason = readiness(node, clock)[part];
    const ready = reason === undefined;
    return reply.code(ready ? 200 : 503).send({ ready, part, ...(ready ? {} : { reason }) });
  });
  app.get("/metrics", async (_request, reply) => {
    const text = await metrics.render({ ...node.metrics(), ...gauges() });
    return reply.type(metrics.contentType).send(text);
  });
  return app;
}
