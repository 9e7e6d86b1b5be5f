import { z } from "zod";
import { parseWith } from "../encoding/schema.ts";
import { check } from "../errors.ts";
import { SPIFFE_ID_BYTES_MAX, TEXT_BYTES_MAX, URL_BYTES_MAX } from "../limits.ts";
import { TOLERANCES } from "../policy/tolerances.ts";
import { grantsResource, grantsScope } from "../registry/grants.ts";
import type { Workload } from "../registry/statement.ts";
import type { UnverifiedJwt } from "./jwt.ts";

/** Characters of a scope parameter. */
export const SCOPE_CHARS_MAX = 4096;
const seconds = z.int().min(0);
const thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "not a SHA-256 thumbprint");

/** Nothing but typ, alg and kid: no jwk, jku, x5u or crit that could point a verifier at another key. */
export const assertionHeader = z.strictObject({
  typ: z.literal("client-authentication+jwt"),
  alg: z.enum(["EdDSA", "Ed25519"]),
  kid: thumbprint,
});

/** https://www.rfc-editor.org/rfc/rfc7523#section-3, with what it may be used for (SPEC section 10). */
export const assertionClaims = z.strictObject({
  iss: z.string().max(SPIFFE_ID_BYTES_MAX),
  sub: z.string().max(SPIFFE_ID_BYTES_MAX),
  /** One string: an assertion for two servers could be replayed by one at the other. */
  aud: z.string().max(URL_BYTES_MAX),
  exp: seconds,
  iat: seconds,
  nbf: seconds.optional(),
  jti: z.string().min(1).max(TEXT_BYTES_MAX),
  /** https://www.rfc-editor.org/rfc/rfc6749#section-3.3 */
  scope: z.string().min(1).max(SCOPE_CHARS_MAX).optional(),
  /** https://www.rfc-editor.org/rfc/rfc8707#section-2 */
  resource: z.string().min(1).max(URL_BYTES_MAX).optional(),
  /** https://www.rfc-editor.org/rfc/rfc7800#section-3.1; absent: a bearer token, visible to its coordinator. */
  cnf: z.strictObject({ jkt: thumbprint }).optional(),
});
export type AssertionClaims = z.output<typeof assertionClaims>;

/** Who must have made the assertion, and when it is judged. */
export interface AssertionExpectation {
  readonly spiffeId: string;
  /** RFC 7638 thumbprint of the instance's identity key. */
  readonly kid: string;
  readonly nowMs: number;
}

/**
 * The content of a client assertion but for its audience and grants: header, form, names, times.
 * Throws ERR_ASSERTION_HEADER, _CLAIMS, _KID, _SUBJECT, _LIFETIME, _NOT_YET or _EXPIRED.
 */
export function checkAssertionClaims(jwt: UnverifiedJwt, expected: AssertionExpectation): AssertionClaims {
  const { kid } = parseWith(assertionHeader, jwt.header, "ERR_ASSERTION_HEADER");
  const claims = parseWith(assertionClaims, jwt.claims, "ERR_ASSERTION_CLAIMS");
  check(kid === expected.kid, "ERR_ASSERTION_KID", "kid is not the thumbprint of the instance's key");
  const own = claims.iss === expected.spiffeId && claims.sub === expected.spiffeId;
  check(own, "ERR_ASSERTION_SUBJECT", "iss and sub are not the workload's SPIFFE ID");
  const lifetimeMs = (claims.exp - claims.iat) * 1000;
  const bounded = lifetimeMs > 0 && lifetimeMs <= TOLERANCES.assertionLifetimeMs;
  check(bounded, "ERR_ASSERTION_LIFETIME", "exp must be after iat by at most 60 s");
  const start = Math.max(claims.iat, claims.nbf ?? 0) * 1000;
  const begun = start <= expected.nowMs + TOLERANCES.assertionMs;
  check(begun, "ERR_ASSERTION_NOT_YET", "the assertion is from the future");
  check(claims.exp * 1000 > expected.nowMs, "ERR_ASSERTION_EXPIRED", "the assertion has expired");
  return claims;
}

/**
 * Whether an assertion for our own issuer asks for no more than the workload's grants.
 * Throws ERR_ASSERTION_SCOPE or ERR_ASSERTION_RESOURCE.
 */
export function checkAssertionGrants(claims: AssertionClaims, workload: Workload): void {
  const { scope, resource } = claims;
  const scoped = scope === undefined || grantsScope(workload, scope);
  check(scoped, "ERR_ASSERTION_SCOPE", "a scope the workload is not granted");
  const targeted = resource === undefined || grantsResource(workload, resource);
  check(targeted, "ERR_ASSERTION_RESOURCE", "a resource the workload is not granted");
}
