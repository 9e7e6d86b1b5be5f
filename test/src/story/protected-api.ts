import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { relyingParty, requireScope } from "@ipse/oracle/relying-party";
import type { Roster } from "@ipse/protocol/registry";
import { type FastifyInstance, fastify } from "fastify";
import { SCOPE } from "./stage.ts";

/** Whose tokens an API takes: the issuer, anchored in its roster. */
export interface Trust {
  readonly issuer: string;
  readonly roster: Roster;
  /** Base URLs of the oracles: none of them alone is believed. */
  readonly oracles: readonly string[];
  /** The API's introspection credential. */
  readonly secret: string;
}

export interface ProtectedApi {
  /** Its resource identifier (RFC 8707). */
  readonly resource: string;
  /** Takes this issuer's tokens from now on. */
  protect(trust: Trust): Promise<void>;
  close(): Promise<void>;
}

const POLL_MS = 500;

/**
 * An API as one writes it: the plugin verifies token and proof under keys the roster proves, hears of revocations by
 * itself, and asks the oracles about every token; the route knows who called.
 */
async function makeApp(resource: string, trust: Trust): Promise<FastifyInstance> {
  const { issuer, roster, oracles, secret: credential } = trust;
  const app = fastify();
  await app.register(relyingParty, {
    issuer,
    resource,
    roster,
    oracles,
    introspection: { credential },
    poll: { credential, intervalMs: POLL_MS },
  });
  app.get("/", ({ ipse }) => {
    requireScope({ scope: ipse?.scope }, SCOPE);
    return { hello: ipse?.sub, scope: ipse?.scope };
  });
  await app.ready();
  return app;
}

function refuse(response: ServerResponse): void {
  const error = { error: "invalid_token", error_description: "no issuer is trusted yet" };
  response
    .writeHead(401, { "content-type": "application/json", "www-authenticate": "DPoP" })
    .end(JSON.stringify(error));
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    });
  });
}

/** A small API on loopback. It says 401 to everybody until it knows whom to trust: its URL has to be registered first. */
export async function startProtectedApi(): Promise<ProtectedApi> {
  let app: FastifyInstance | undefined;
  let serve: RequestListener = (_request, response) => refuse(response);
  const server = createServer((request, response) => serve(request, response));
  const resource = await listen(server);
  return {
    resource,
    async protect(trust) {
      const made = await makeApp(resource, trust);
      app = made;
      serve = (request, response) => made.routing(request, response);
    },
    async close() {
      await app?.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
