import { fromBase64Url, IpseError } from "@ipse/protocol";
import { parseWith } from "@ipse/protocol/encoding";
import {
  type AssertionClaims,
  allow,
  assertionHeader,
  checkAssertionClaims,
  ed25519Jwk,
  OAuthError,
  parseCompactJwt,
  type UnverifiedJwt,
} from "@ipse/protocol/oauth";
import type { Workload } from "@ipse/protocol/registry";
import type { OAuthDeps, OAuthInstance } from "./deps.ts";
import { jwsVerifies } from "./verify-jws.ts";

/** A client that proved itself with an assertion of one of its instances. */
export interface AuthenticatedClient {
  readonly instance: OAuthInstance;
  readonly workload: Workload;
  readonly claims: AssertionClaims;
  readonly jwt: UnverifiedJwt;
}

/** Runs a check of the protocol; what it refuses is the client's fault. */
function orInvalidClient<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof OAuthError || !(cause instanceof IpseError)) throw cause;
    throw new OAuthError("invalid_client", `the client assertion is refused: ${cause.message}`, { cause });
  }
}

/** Throws OAuthError invalid_client unless the instance is active at this oracle. */
export function requireActive(status: OAuthInstance["status"] | undefined): void {
  allow(status === "active", "invalid_client", `the instance is ${status ?? "unknown"}`);
}

/**
 * private_key_jwt (RFC 7523 section 3): the kid names the instance, any active instance of a workload speaks for
 * it, and the audience is our issuer alone. Whether the jti was used is the caller's to burn. Throws OAuthError.
 */
export async function authenticateClient(deps: OAuthDeps, assertion: string): Promise<AuthenticatedClient> {
  const jwt = orInvalidClient(() => parseCompactJwt(assertion));
  const { kid } = orInvalidClient(() => parseWith(assertionHeader, jwt.header, "ERR_ASSERTION_HEADER"));
  const instance = deps.instanceByKid(fromBase64Url(kid) ?? new Uint8Array());
  allow(instance !== undefined, "invalid_client", "kid names no instance this oracle knows");
  const signed = await jwsVerifies(assertion, ed25519Jwk(instance.identityKey));
  allow(signed, "invalid_client", "the client assertion's signature does not verify");
  const { spiffeId } = instance;
  const claims = orInvalidClient(() => checkAssertionClaims(jwt, { spiffeId, kid, nowMs: deps.nowMs() }));
  allow(claims.aud === deps.issuer, "invalid_client", "aud must be the issuer and nothing else");
  requireActive(instance.status);
  const workload = deps.workload(spiffeId);
  allow(workload !== undefined, "invalid_client", "the workload does not exist");
  return { instance, workload, claims, jwt };
}
