import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { type Introspector, introspectToken } from "./introspection.ts";
import { ProofChecker } from "./verify-proof.ts";

interface Metadata {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly introspection_endpoint: string;
}

type Answer = readonly [status: number, body: object];
type Guard = (request: IncomingMessage) => Promise<Answer>;

const CLOCK_TOLERANCE_SECONDS = 5;

async function discover(issuer: string): Promise<Metadata> {
  const answer = await fetch(new URL("/.well-known/oauth-authorization-server", issuer));
  const metadata = (await answer.json()) as Metadata;
  if (metadata.issuer !== issuer) throw new Error("the metadata is of another issuer");
  return metadata;
}

/** One header, as RFC 9449 section 7.1 wants it; anything else is no credential. */
function credentials(request: IncomingMessage): { readonly token: string; readonly proof: string } {
  const [, token] = /^DPoP ([A-Za-z0-9._~+/-]+=*)$/.exec(request.headers.authorization ?? "") ?? [];
  const proof = request.headers["dpop"];
  if (token === undefined || typeof proof !== "string") throw new Error("no DPoP-bound token");
  return { token, proof };
}

/**
 * What any API can do with an ordinary JOSE library: the token (RFC 9068) against the issuer's JWKS, the proof
 * (RFC 9449), and the issuer's word that the token still means something (RFC 7662).
 */
async function makeGuard(issuer: string, resource: string, secret: string): Promise<Guard> {
  const { jwks_uri, introspection_endpoint } = await discover(issuer);
  const keys = createRemoteJWKSet(new URL(jwks_uri), { cooldownDuration: 1000 });
  const proofs = new ProofChecker();
  const introspector: Introspector = { endpoint: introspection_endpoint, resource, secret };
  const verifying = {
    issuer,
    audience: resource,
    typ: "at+jwt",
    algorithms: ["EdDSA", "Ed25519"],
    requiredClaims: ["sub", "client_id", "exp", "iat", "jti"],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  };
  return async (request) => {
    const { token, proof } = credentials(request);
    const { payload } = await jwtVerify(token, keys, verifying);
    const { jkt } = (payload["cnf"] ?? {}) as { jkt?: string };
    const url = new URL(request.url ?? "/", resource).href;
    await proofs.check(proof, { method: request.method ?? "", url, token, jkt });
    if (!(await introspectToken(introspector, token))) throw new Error("the token is not active");
    return [200, { hello: payload.sub, scope: payload["scope"] }];
  };
}

export interface ProtectedApi {
  /** Its resource identifier (RFC 8707). */
  readonly resource: string;
  /** Trusts this issuer's tokens from now on; `secret` is what introspection asks for. */
  protect(issuer: string, secret: string): Promise<void>;
  close(): Promise<void>;
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    });
  });
}

/** A small API on loopback. It says 401 to everybody until it knows whom to trust. */
export async function startProtectedApi(): Promise<ProtectedApi> {
  let guard: Guard = () => Promise.reject(new Error("no issuer is trusted yet"));
  const server = createServer((request, response) => {
    const send = ([status, body]: Answer, headers: Record<string, string> = {}): void => {
      response
        .writeHead(status, { "content-type": "application/json", ...headers })
        .end(JSON.stringify(body));
    };
    guard(request).then(send, (error: unknown) => {
      const why = error instanceof Error ? error.message : "refused";
      const challenge = { "www-authenticate": 'DPoP error="invalid_token"' };
      send([401, { error: "invalid_token", error_description: why }], challenge);
    });
  });
  const resource = await listen(server);
  return {
    resource,
    async protect(issuer, secret) {
      guard = await makeGuard(issuer, resource, secret);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
