import { isSpiffeId, toBase64Url } from "@ipse/protocol";
import { encode } from "@ipse/protocol/encoding";
import { issuerKey } from "@ipse/protocol/issuer";
import {
  buildOpenIdConfiguration,
  buildServerMetadata,
  ed25519Jwk,
  jwkThumbprint,
  OAUTH_PATHS,
} from "@ipse/protocol/oauth";
import type { FastifyInstance } from "fastify";
import { sendProblem } from "../http/create-http.ts";
import type { OAuthDeps } from "./deps.ts";
import { openApiDocument } from "./openapi.ts";

const INSTANCES_MAX = 1000;
const SUFFIX = "/jwks.json";

/** Public keys of a workload's active instances; undefined when there is no such workload. */
async function workloadKeys(deps: OAuthDeps, spiffeId: string) {
  if (!isSpiffeId(spiffeId) || deps.workload(spiffeId) === undefined) return undefined;
  const instances = await deps.instancesOf(spiffeId, INSTANCES_MAX);
  return instances
    .filter((one) => one.status === "active")
    .map((one) => {
      const jwk = ed25519Jwk(one.identityKey);
      // No `alg`: verifiers compare it by text, and both EdDSA and Ed25519 name this key.
      return { ...jwk, kid: jwkThumbprint(jwk), use: "sig" };
    });
}

/** What anybody may read: metadata (RFC 8414), keys (RFC 7517), and the description of this API. */
export function discoveryRoutes(app: FastifyInstance, deps: OAuthDeps): void {
  const algs = () => [...new Set(deps.jwks().flatMap((jwk) => jwk.alg ?? []))];
  const brief = { "cache-control": "public, max-age=10" };
  const long = { "cache-control": "public, max-age=300" };
  app.get("/.well-known/oauth-authorization-server", (_request, reply) =>
    reply.headers(long).send(buildServerMetadata(deps.issuer)),
  );
  app.get("/.well-known/openid-configuration", (_request, reply) =>
    reply.headers(long).send(buildOpenIdConfiguration(deps.issuer, algs())),
  );
  app.get(OAUTH_PATHS.jwks, (_request, reply) => reply.headers(brief).send({ keys: deps.jwks() }));
  app.get(OAUTH_PATHS.signedJwks, (_request, reply) => {
    const signed = deps.tokens?.signedJwks();
    if (signed === undefined)
      return sendProblem(
        reply,
        503,
        "ERR_JWKS_UNSIGNED",
        "no quorum of oracles has signed the key set of late",
      );
    return reply.headers(brief).type("application/jwk-set+jwt").send(signed);
  });
  app.get(OAUTH_PATHS.issuerKeys, (_request, reply) => {
    const keys = deps.tokens?.issuerKeys();
    if (keys === undefined)
      return sendProblem(reply, 404, "ERR_ISSUER_MODE", "these oracles sign tokens one by one");
    return reply.headers(brief).send({ keys: keys.map((key) => toBase64Url(encode(issuerKey, key))) });
  });
  app.get<{ Params: { "*": string } }>("/workloads/*", async (request, reply) => {
    const path = request.params["*"];
    const keys = path.endsWith(SUFFIX)
      ? await workloadKeys(deps, `spiffe://${path.slice(0, -SUFFIX.length)}`)
      : undefined;
    if (keys === undefined) return sendProblem(reply, 404, "ERR_WORKLOAD_NOT_FOUND", "no such workload");
    return reply.headers(brief).send({ keys });
  });
  app.get("/openapi.json", (_request, reply) => reply.headers(long).send(openApiDocument(deps.issuer)));
}
