import { fromHex, toBase64Url, toHex, utf8 } from "../bytes.ts";
import { type Hash, taggedHash } from "../encoding/index.ts";
import type { PublicJwk } from "../oauth/thumbprint.ts";
import type { JwksTerms, RevokedTerms } from "./proposal.ts";

/** https://openid.net/specs/openid-federation-1_0.html#section-5.2.1: a JWK Set as a signed JWT. */
export const SIGNED_JWKS_TYP = "jwk-set+jwt";
/** https://www.rfc-editor.org/rfc/rfc8417#section-2.3 */
export const SECEVENT_TYP = "secevent+jwt";
/** https://openid.net/specs/openid-caep-1_0-final.html#section-3.1 */
export const SESSION_REVOKED = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

/** How long a signed JWKS holds: the time for which one oracle can show an old one. */
export const SIGNED_JWKS_SECONDS = 600;

/** The claims of a signed JWKS. */
export function signedJwksClaims(issuer: string, { iat, exp }: JwksTerms, keys: readonly PublicJwk[]) {
  return { iss: issuer, sub: issuer, iat, exp, keys };
}

/** The same event for the same receiver has the same `jti`, however often it is sent. */
export function revokedJti(instance: Hash, audience: string): string {
  return toBase64Url(taggedHash("ipse/v1/set-jti", instance, utf8(audience)));
}

/**
 * A Security Event Token (RFC 8417): the session of this instance is revoked. The subject is complex
 * (https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-3): workload and instance.
 */
export function revokedClaims(issuer: string, spiffeId: string, terms: RevokedTerms) {
  const { iat, audience, instance } = terms;
  const sub_id = {
    format: "complex",
    application: { format: "uri", uri: spiffeId },
    session: { format: "opaque", id: toHex(instance) },
  } as const;
  return {
    iss: issuer,
    aud: audience,
    iat,
    jti: revokedJti(instance, audience),
    sub_id,
    events: { [SESSION_REVOKED]: { event_timestamp: iat, initiating_entity: "policy" } },
  };
}

/** The instance a complex subject names; undefined when it names none. */
export function instanceOfSubject(subject: unknown): Hash | undefined {
  const { session } = (subject ?? {}) as { session?: { format?: unknown; id?: unknown } };
  if (session?.format !== "opaque" || typeof session.id !== "string") return undefined;
  const id = fromHex(session.id);
  return id?.length === 32 ? id : undefined;
}
