import { taggedHash } from "@ipse/protocol/encoding";
import type { DpopNonceApi, IssuedToken, OracleTokenApi } from "@ipse/protocol/host";
import { burnKey } from "@ipse/protocol/issuer";
import {
  allow,
  buildAccessTokenClaims,
  checkBinding,
  type DpopProof,
  endpointUrl,
  OAUTH_PATHS,
  OAuthError,
  parseForm,
  parseTokenRequest,
  type TokenRequest,
  tokenJti,
} from "@ipse/protocol/oauth";
import { TOLERANCES } from "@ipse/protocol/policy";
import type { FastifyRequest } from "fastify";
import { type AuthenticatedClient, authenticateClient, requireActive } from "./authenticate-client.ts";
import type { OAuthDeps } from "./deps.ts";
import { type KeyedLimiter, limit } from "./rate-limit.ts";
import { verifyDpop } from "./verify-dpop.ts";

export interface TokenContext {
  readonly deps: OAuthDeps;
  readonly nonces: DpopNonceApi;
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
    deps.burnJti(burnKey("assertion", claims.iss, claims.jti), digest, until),
    proof === undefined || deps.burnJti(burnKey("dpop", proof.jkt, proof.jti), digest, proof.replayUntilMs),
  ]);
  allow(assertion, "invalid_client", "the client assertion was used before");
  allow(dpop, "invalid_dpop_proof", "the DPoP proof was used before");
}

/**
 * Mode `local`: client_credentials (RFC 6749 section 4.4) with private_key_jwt and DPoP. All refusals come
 * before the burn; status and policy are read again after it. Throws OAuthError.
 */
async function issueAlone(
  context: TokenContext,
  request: FastifyRequest,
  asked: TokenRequest,
): Promise<TokenResponse> {
  const { deps, clients } = context;
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

/** The DPoP header as it came; it may be many, or empty, and is judged like any other text. */
function proofText(request: FastifyRequest): string | undefined {
  const header = request.headers["dpop"];
  allow(header === undefined || typeof header === "string", "invalid_dpop_proof", "more than one DPoP proof");
  return header;
}

/** Mode `threshold`: this oracle coordinates, q of them judge and sign (PROTOCOL section 7). */
async function issueTogether(
  tokens: OracleTokenApi,
  { clients }: TokenContext,
  request: FastifyRequest,
  asked: TokenRequest,
): Promise<TokenResponse> {
  const { clientAssertion: assertion, clientId, scope, resource } = asked;
  const signable = { assertion, clientId, scope, resource, proof: proofText(request) };
  // After the signature, so that nobody can use up another client's rate.
  const admit = (spiffeId: string): void => limit(clients, spiffeId);
  const issued = await new Promise<IssuedToken>((resolve, reject) => {
    tokens.issueToken(signable, admit, (result) =>
      result instanceof OAuthError ? reject(result) : resolve(result),
    );
  });
  return {
    access_token: issued.accessToken,
    token_type: issued.tokenType,
    expires_in: issued.expiresIn,
    ...(issued.scope === undefined ? {} : { scope: issued.scope }),
  };
}

/** The token endpoint (RFC 6749 section 4.4 with RFC 7523 and RFC 9449). Throws OAuthError. */
export async function issueToken(context: TokenContext, request: FastifyRequest): Promise<TokenResponse> {
  const basic = request.headers.authorization !== undefined;
  allow(!basic, "invalid_request", "clients authenticate with private_key_jwt in the body alone");
  const asked = parseTokenRequest(parseForm(request.body as string));
  const { tokens } = context.deps;
  return tokens === undefined
    ? issueAlone(context, request, asked)
    : issueTogether(tokens, context, request, asked);
}
