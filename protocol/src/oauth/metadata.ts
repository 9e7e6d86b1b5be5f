import { DPOP_ALGS } from "./dpop.ts";

const ASSERTION_ALGS = ["Ed25519", "EdDSA"] as const;
const INTROSPECTION_AUTH = ["client_secret_basic", "client_secret_post"] as const;

/** Paths under the issuer. */
export const OAUTH_PATHS = {
  token: "/oauth2/token",
  jwks: "/oauth2/jwks",
  signedJwks: "/oauth2/signed-jwks",
  /** The issuer keys with the certificates of all oracles. */
  issuerKeys: "/oauth2/issuer-keys",
  revoke: "/oauth2/revoke",
  /** Security events (RFC 8936). */
  events: "/oauth2/events",
  introspect: "/oauth2/introspect",
} as const;

/** A path below a base URL. */
export function endpointUrl(base: string, path: string): string {
  return `${base.replace(/\/+$/, "")}${path}`;
}

/** Authorization server metadata (RFC 8414 section 2); the same at every oracle of a cluster. */
export function buildServerMetadata(issuer: string) {
  return {
    issuer,
    token_endpoint: endpointUrl(issuer, OAUTH_PATHS.token),
    jwks_uri: endpointUrl(issuer, OAUTH_PATHS.jwks),
    introspection_endpoint: endpointUrl(issuer, OAUTH_PATHS.introspect),
    revocation_endpoint: endpointUrl(issuer, OAUTH_PATHS.revoke),
    revocation_endpoint_auth_methods_supported: ["private_key_jwt"],
    revocation_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGS,
    /** https://openid.net/specs/openid-federation-1_0.html#section-5.2.1 */
    signed_jwks_uri: endpointUrl(issuer, OAUTH_PATHS.signedJwks),
    grant_types_supported: ["client_credentials"],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ["private_key_jwt"],
    token_endpoint_auth_signing_alg_values_supported: ASSERTION_ALGS,
    introspection_endpoint_auth_methods_supported: INTROSPECTION_AUTH,
    dpop_signing_alg_values_supported: DPOP_ALGS,
  } as const;
}

/** The same with the members OpenID Connect Discovery 1.0 section 3 requires; there are no ID tokens to sign. */
export function buildOpenIdConfiguration(issuer: string, tokenAlgs: readonly string[]) {
  return {
    ...buildServerMetadata(issuer),
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: tokenAlgs,
  } as const;
}
