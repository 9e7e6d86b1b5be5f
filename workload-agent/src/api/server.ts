import { toBase64Url } from "@ipse/protocol";
import fastify, { type FastifyInstance } from "fastify";
import { attestRoute } from "./attest-route.ts";
import { notFound, sendProblem } from "./problems.ts";
import {
  assertionRequest,
  BODY_BYTES_MAX,
  eventsQuery,
  parseRequest,
  signRequest,
  tokenRequest,
} from "./schemas.ts";
import type { AgentService } from "./service.ts";
import { signingRoutes } from "./signing-routes.ts";
import { parseBodiesStrictly } from "./strict-body.ts";

async function tokenReport(service: AgentService, body: unknown) {
  const { proof: target, ...query } = parseRequest(tokenRequest, body);
  const answer = await service.token(query);
  const proof = target === undefined ? undefined : await service.proof(answer, target);
  const { grant, key, expiresInMs } = answer;
  return {
    access_token: grant.accessToken,
    token_type: grant.tokenType,
    expires_in: Math.max(0, Math.floor(expiresInMs / 1000)),
    ...(grant.scope === undefined ? {} : { scope: grant.scope }),
    ...(key === undefined ? {} : { jkt: key.jkt }),
    ...(proof === undefined ? {} : { dpop_proof: proof }),
  };
}

function writes(server: FastifyInstance, service: AgentService): void {
  server.post("/v1/sign", async (request) => {
    const { type, payload } = parseRequest(signRequest, request.body);
    const { signature, seq } = await service.sign(type, payload);
    return { signature: toBase64Url(signature), seq };
  });
  server.post("/v1/assertion", async (request) => ({
    assertion: await service.assertion(parseRequest(assertionRequest, request.body)),
  }));
  server.post("/v1/token", async (request, reply) => {
    reply.header("cache-control", "no-store");
    return tokenReport(service, request.body);
  });
  server.post("/v1/leave", async () => {
    await service.leave();
    return { status: "ended" };
  });
}

function reads(server: FastifyInstance, service: AgentService): void {
  server.get("/v1/identity", async () => service.identity());
  server.get("/v1/status", async () => service.status());
  server.get("/v1/events", async (request) => {
    const { after } = parseRequest(eventsQuery, request.query);
    return { events: service.events(after) };
  });
}

/**
 * The workload API. It has no authentication of its own: whoever may open the socket (mode 0600) is the workload.
 * Tokens and signatures are answers, so nothing is logged per request here.
 */
export function workloadApi(service: AgentService): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: 10_000,
    keepAliveTimeout: 30_000,
    forceCloseConnections: "idle",
    exposeHeadRoutes: false,
    return503OnClosing: true,
  });
  server.setErrorHandler((error, _request, reply) => sendProblem(reply, error));
  server.setNotFoundHandler(notFound);
  parseBodiesStrictly(server);
  reads(server, service);
  writes(server, service);
  attestRoute(server, service);
  signingRoutes(server, service);
  return server;
}

/** Takes nothing new, lets requests under way finish for `graceMs`, then cuts them off. */
export async function closeApi(server: FastifyInstance, graceMs: number): Promise<void> {
  const cut = setTimeout(() => server.server.closeAllConnections(), graceMs);
  await server.close();
  clearTimeout(cut);
}
