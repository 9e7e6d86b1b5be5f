import { utf8 } from "@ipse/protocol";
import { taggedHash } from "@ipse/protocol/encoding";
import {
  allow,
  buildAccessTokenClaims,
  checkBinding,
  type DpopProof,
  endpointUrl,
  OAUTH_PATHS,
  parseForm,
  parseTokenRequest,
  tokenJti,
} from "@ipse/protocol/oauth";
import { TOLERANCES } from "@ipse/protocol/policy";
import type { FastifyRequest } from "fastify";
import { type AuthenticatedClient, authenticateClient, requireActive } from "./authenticate-client.ts";
import type { OAuthDeps } from "./deps.ts";
import type { DpopNonces } from "./dpop-nonce.ts";
import { type KeyedLimiter, limit } from "./rate-limit.ts";
import { verifyDpop } from "./verify-dpop.ts";

export interface TokenContext {
  readonly deps: OAuthDeps;
  readonly nonces: DpopNonces;
  readonly clients: KeyedLimiter;
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-5.1 */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: "DPoP" | "Bearer";
  readonly expires_in: number;
  readonly scope?: string;
}

/** The URLs of an endpoint under every declared base. */
function urlsOf(deps: OAuthDeps, path: string): string[] {
  return [deps.issuer, ...deps.declaredUrls].map((base) => endpointUrl(base, path));
}

async function proofOf(context: TokenContext, request: FastifyRequest): Promise<DpopProof | undefined> {
  const { deps, nonces } = context;
  const header = request.headers["dpop"];
  if (header === undefined) return undefined;
  allow(typeof header === "string", "invalid_dpop_proof", "more than one DPoP proof");
  return verifyDpop(header, {
    method: "POST",
    urls: urlsOf(deps, OAUTH_PATHS.token),
    nowMs: deps.nowMs(),
    acceptNonce: (nonce) => nonces.accepts(nonce),
  });
}

const keyOf = (kind: "assertion" | "dpop", by: string, jti: string): Uint8Array =>
  taggedHash(`ipse/v1/burn-${kind}`, utf8(JSON.stringify([by, jti])));

/** Makes assertion and proof single-use, durably, before anything that depends on them leaves. */
async function burn(
  deps: OAuthDeps,
  client: AuthenticatedClient,
  proof: DpopProof | undefined,
): Promise<void> {
  const { claims, jwt } = client;
  const digest = taggedHash("ipse/v1/burn-digest", jwt.signingInput);
  const until = claims.exp * 1000 + TOLERANCES.assertionMs;
  const [assertion, dpop] = await Promise.all([
    deps.burnJti(keyOf("assertion", claims.iss, claims.jti), digest, until),
    proof === undefined || deps.burnJti(keyOf("dpop", proof.jkt, proof.jti), digest, proof.replayUntilMs),
  ]);
  allow(assertion, "invalid_client", "the client assertion was used before");
  allow(dpop, "invalid_dpop_proof", "the DPoP proof was used before");
}

/**
 * The token endpoint: client_credentials (RFC 6749 section 4.4) with private_key_jwt and DPoP. All refusals come
 * before the burn; status and policy are read again after it. Throws OAuthError.
 */
export async function issueToken(context: TokenContext, request: FastifyRequest): Promise<TokenResponse> {
  const { deps, clients } = context;
  const basic = request.headers.authorization !== undefined;
  allow(!basic, "invalid_request", "clients authenticate with private_key_jwt in the body alone");
  const asked = parseTokenRequest(parseForm(request.body as string));
  const client = await authenticateClient(deps, asked.clientAssertion);
  // After the signature, so that nobody can use up another client's rate.
  limit(clients, client.claims.sub);
  const proof = await proofOf(context, request);
  checkBinding(client.claims, asked, proof?.jkt);
  const { instance, spiffeId } = client.instance;
  const proposed = { iat: Math.floor(deps.nowMs() / 1000), jti: tokenJti(client.jwt.signingInput) };
  const subject = { issuer: deps.issuer, instance, request: asked, jkt: proof?.jkt };
  buildAccessTokenClaims({ ...subject, workload: client.workload }, proposed);
  await burn(deps, client, proof);
  requireActive(deps.statusOf(instance));
  const workload = deps.workload(spiffeId);
  allow(workload !== undefined, "invalid_client", "the workload does not exist");
  const claims = buildAccessTokenClaims({ ...subject, workload }, proposed);
  return {
    access_token: await deps.signer.sign(claims),
    token_type: proof === undefined ? "Bearer" : "DPoP",
    expires_in: claims.exp - claims.iat,
    ...(claims.scope === undefined ? {} : { scope: claims.scope }),
  };
}
