import { equalBytes, toBase64Url, utf8 } from "../bytes.ts";
import { type Hash, taggedHash } from "../encoding/index.ts";
import { ACCESS_TOKEN_TYP, type AccessTokenClaims, buildAccessTokenClaims } from "../oauth/access-token.ts";
import { allow, OAuthError } from "../oauth/oauth-error.ts";
import { grantFor } from "../oauth/token-request.ts";
import { TOLERANCES } from "../policy/tolerances.ts";
import { parseScope } from "../registry/grants.ts";
import type { Workload } from "../registry/statement.ts";
import type { JudgedRequest } from "./judge-request.ts";
import type { SignableTokenRequest, TokenTerms } from "./proposal.ts";

/** The JWS signing input (RFC 7515 section 5.1) of a document under an issuer key: header members in this order. */
export function jwsInput(typ: string, kid: string, claims: object): Uint8Array {
  const header = { typ, alg: "EdDSA", kid };
  const part = (value: object): string => toBase64Url(utf8(JSON.stringify(value)));
  return utf8(`${part(header)}.${part(claims)}`);
}

function digestOf(claims: AccessTokenClaims): Hash {
  return taggedHash("ipse/v1/token-claims", utf8(JSON.stringify(claims)));
}

/** Throws OAuthError unless this oracle's newest policy grants at least what the terms give. */
function checkGrant(judged: JudgedRequest, request: SignableTokenRequest, terms: TokenTerms): void {
  const own = grantFor(request, judged.workload);
  allow(terms.resource === own.resource, "invalid_target", "the resource is not the one requested");
  const tokens = terms.scope === undefined ? [] : (parseScope(terms.scope) ?? [""]);
  const granted = tokens.every((token) => judged.workload.scopes.includes(token));
  const exact = request.scope === undefined || request.scope === terms.scope;
  allow(granted && exact, "invalid_scope", "the scope is not the one requested, or not granted here");
  const { ttlSeconds } = terms;
  const bounded = ttlSeconds >= 1 && ttlSeconds <= judged.workload.ttlSeconds;
  allow(bounded, "server_error", "the lifetime is longer than the policy's");
}

function claimsFor(
  issuer: string,
  judged: JudgedRequest,
  { scope, resource, ttlSeconds, iat }: Omit<TokenTerms, "claimsDigest">,
): AccessTokenClaims {
  const { instance, jkt, jti } = judged;
  const workload: Workload = {
    ...judged.workload,
    scopes: scope === undefined ? [] : (parseScope(scope) ?? []),
    ttlSeconds,
  };
  const subject = { issuer, workload, instance: instance.instance, request: { scope, resource }, jkt };
  return buildAccessTokenClaims(subject, { iat, jti });
}

/** What a coordinator proposes for a request it judged. Throws OAuthError invalid_scope or invalid_target. */
export function proposeTerms(
  issuer: string,
  judged: JudgedRequest,
  request: SignableTokenRequest,
  now: { readonly iat: number; readonly policy: number },
): TokenTerms {
  const { scope, resource } = grantFor(request, judged.workload);
  const terms = { ...now, scope, resource, ttlSeconds: judged.workload.ttlSeconds };
  return { ...terms, claimsDigest: digestOf(claimsFor(issuer, judged, terms)) };
}

/**
 * The claims a co-signer signs: recomputed byte for byte from the request it judged itself and the coordinator's
 * terms, which must be about now and inside its own newest policy (SPEC section 10). Throws OAuthError.
 */
export function agreedClaims(
  context: { readonly issuer: string; readonly nowMs: number },
  judged: JudgedRequest,
  request: SignableTokenRequest,
  terms: TokenTerms,
): AccessTokenClaims {
  const apartMs = Math.abs(terms.iat * 1000 - context.nowMs);
  allow(apartMs <= TOLERANCES.tokenIatMs + 1000, "server_error", "iat is not this oracle's time");
  checkGrant(judged, request, terms);
  const claims = claimsFor(context.issuer, judged, terms);
  const same = equalBytes(digestOf(claims), terms.claimsDigest);
  allow(same, "server_error", "the coordinator computed other claims");
  return claims;
}

/** Whether a token may still be signed: read again at the moment of signing. Throws OAuthError. */
export function checkStillGranted(
  claims: AccessTokenClaims,
  now: { readonly active: boolean; readonly workload: Workload | undefined },
): void {
  allow(now.active, "invalid_client", "the instance is not active any more");
  const { workload } = now;
  if (workload === undefined) throw new OAuthError("invalid_client", "the workload does not exist any more");
  allow(workload.resources.includes(claims.aud), "invalid_target", "the resource is not granted any more");
  const scoped = (claims.scope?.split(" ") ?? []).every((token) => workload.scopes.includes(token));
  allow(scoped, "invalid_scope", "a scope is not granted any more");
  const bounded = claims.exp - claims.iat <= workload.ttlSeconds;
  allow(bounded, "temporarily_unavailable", "the policy shortened tokens meanwhile");
}

export function tokenInput(kid: string, claims: AccessTokenClaims): Uint8Array {
  return jwsInput(ACCESS_TOKEN_TYP, kid, claims);
}

/** A JWS in compact serialization (RFC 7515 section 7.1). */
export function compactJws(input: Uint8Array, signature: Uint8Array): string {
  return `${new TextDecoder().decode(input)}.${toBase64Url(signature)}`;
}
