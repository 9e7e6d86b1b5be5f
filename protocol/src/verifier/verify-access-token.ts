import { parseWith } from "../encoding/schema.ts";
import { IpseError } from "../errors.ts";
import { ACCESS_TOKEN_TYP, type AccessTokenClaims, accessTokenClaims } from "../oauth/access-token.ts";
import { checkDpopProofClaims, dpopKey } from "../oauth/dpop.ts";
import { parseCompactJwt, type UnverifiedJwt } from "../oauth/jwt.ts";
import { OAuthError } from "../oauth/oauth-error.ts";
import type { PublicJwk } from "../oauth/thumbprint.ts";
import { type JwsVerifier, jwsVerifies } from "../oauth/verify-jws.ts";
import { TOLERANCES } from "../policy/tolerances.ts";

/** Why a request is refused, as RFC 6750 section 3.1 and RFC 9449 section 7.1 name it. */
export type ResourceErrorName =
  | "invalid_request"
  | "invalid_token"
  | "insufficient_scope"
  | "invalid_dpop_proof"
  | "use_dpop_nonce";

const STATUS = { invalid_request: 400, insufficient_scope: 403 } as const;

/** A request to a resource that its token does not open. */
export class ResourceError extends IpseError {
  readonly error: ResourceErrorName;
  readonly status: 400 | 401 | 403;

  constructor(error: ResourceErrorName, description: string, cause?: unknown) {
    super(`ERR_RESOURCE_${error.toUpperCase()}`, description, { cause });
    this.name = "ResourceError";
    this.error = error;
    this.status = error === "invalid_request" || error === "insufficient_scope" ? STATUS[error] : 401;
  }
}

/** Throws a ResourceError unless the condition holds. */
export function permit(condition: boolean, error: ResourceErrorName, description: string): asserts condition {
  if (!condition) throw new ResourceError(error, description);
}

/** What a relying party trusts and accepts. */
export interface RelyingParty extends JwsVerifier {
  readonly issuer: string;
  /** The resource itself: `aud` of its tokens. */
  readonly audience: string;
  /** Trusted keys, each with its `kid`. */
  readonly keys: readonly PublicJwk[];
  readonly nowMs: number;
  /** Whether tokens of this instance (hex) are refused whatever they say. */
  denied(instance: string): boolean;
}

function parse(jwt: string, error: ResourceErrorName, what: string): UnverifiedJwt {
  try {
    return parseCompactJwt(jwt);
  } catch (cause) {
    if (!(cause instanceof IpseError)) throw cause;
    throw new ResourceError(error, `${what} is refused: ${cause.message}`, cause);
  }
}

/** The key a token names among those we trust. Nothing in the token may bring or point at another. */
function keyFor(party: RelyingParty, { header }: UnverifiedJwt): PublicJwk {
  const { typ, alg, kid, ...more } = header;
  permit(
    typ === ACCESS_TOKEN_TYP || typ === `application/${ACCESS_TOKEN_TYP}`,
    "invalid_token",
    "typ is not at+jwt",
  );
  permit(Object.keys(more).length === 0, "invalid_token", "the header has members no access token needs");
  const key = party.keys.find((one) => one.kid !== undefined && one.kid === kid);
  permit(key !== undefined, "invalid_token", "kid names no key of the issuer");
  const named = key.kty === "EC" ? alg === "ES256" : alg === "EdDSA" || alg === "Ed25519";
  permit(named, "invalid_token", "alg is not the key's");
  return key;
}

/**
 * Verifies an access token (RFC 9068 section 4): typ, alg and key, signature, issuer, this resource as the only
 * audience, times, instance. A token bound to a key (`cnf.jkt`) needs its proof too. Throws ResourceError.
 */
export function verifyAccessToken(party: RelyingParty, token: string): AccessTokenClaims {
  const jwt = parse(token, "invalid_token", "the access token");
  const key = keyFor(party, jwt);
  permit(jwsVerifies(party, token, jwt.signingInput, key), "invalid_token", "the signature does not verify");
  let claims: AccessTokenClaims;
  try {
    claims = parseWith(accessTokenClaims, jwt.claims, "ERR_TOKEN_CLAIMS");
  } catch (cause) {
    if (!(cause instanceof IpseError)) throw cause;
    throw new ResourceError("invalid_token", `the claims are refused: ${cause.message}`, cause);
  }
  permit(claims.iss === party.issuer, "invalid_token", "the token is of another issuer");
  permit(claims.aud === party.audience, "invalid_token", "the token is for another resource");
  checkTokenNow(party, claims);
  return claims;
}

/** What changes while a token is in use: time, and what is known of its instance. Throws ResourceError. */
export function checkTokenNow(
  party: Pick<RelyingParty, "nowMs" | "denied">,
  claims: Pick<AccessTokenClaims, "iat" | "exp" | "instance">,
): void {
  permit(claims.exp * 1000 > party.nowMs, "invalid_token", "the token has expired");
  const begun = claims.iat * 1000 <= party.nowMs + TOLERANCES.tokenIatMs;
  permit(begun, "invalid_token", "the token is from the future");
  permit(!party.denied(claims.instance), "invalid_token", "the token's instance is revoked");
}

/** One request, as its proof must describe it. */
export interface ProvenRequest {
  readonly method: string;
  /** Every URL under which the request may have been made, without query. */
  readonly urls: readonly string[];
  readonly accessToken: string;
  readonly acceptNonce?: (nonce: string) => boolean;
  /** Remembers a proof until it would be refused anyway; false when it was there already (RFC 9449 section 11.1). */
  remember(name: string, untilMs: number): boolean;
}

/** The proof of a bound token for one request (RFC 9449 sections 4.3 and 7). Throws ResourceError. */
export function verifyRequestProof(
  party: RelyingParty,
  jkt: string,
  proof: string,
  request: ProvenRequest,
): void {
  const jwt = parse(proof, "invalid_dpop_proof", "the DPoP proof");
  try {
    const { jwk } = dpopKey(jwt);
    const signed = jwsVerifies(party, proof, jwt.signingInput, jwk);
    permit(signed, "invalid_dpop_proof", "the DPoP proof's signature does not verify");
    const { method, urls, accessToken, acceptNonce } = request;
    const nonce = acceptNonce === undefined ? {} : { acceptNonce };
    const found = checkDpopProofClaims(jwt, jwk, { method, urls, nowMs: party.nowMs, accessToken, ...nonce });
    permit(found.jkt === jkt, "invalid_token", "the proof is by another key than the token is bound to");
    const fresh = request.remember(`${found.jkt} ${found.jti}`, found.replayUntilMs);
    permit(fresh, "invalid_dpop_proof", "the DPoP proof was used before");
  } catch (cause) {
    if (!(cause instanceof OAuthError)) throw cause;
    const nonce = cause.error === "use_dpop_nonce";
    throw new ResourceError(nonce ? "use_dpop_nonce" : "invalid_dpop_proof", cause.message, cause);
  }
}

/** Whether the token carries all of these scope tokens. Throws ResourceError insufficient_scope. */
export function requireScope(claims: Pick<AccessTokenClaims, "scope">, ...scopes: readonly string[]): void {
  const held = claims.scope?.split(" ") ?? [];
  const missing = scopes.filter((scope) => !held.includes(scope));
  permit(missing.length === 0, "insufficient_scope", `the token lacks ${missing.join(" ")}`);
}
