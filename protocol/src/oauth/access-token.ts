import { z } from "zod";
import { fromHex, toBase64Url, toHex } from "../bytes.ts";
import { type Hash, taggedHash } from "../encoding/index.ts";
import { TEXT_BYTES_MAX, URL_BYTES_MAX } from "../limits.ts";
import type { Workload } from "../registry/statement.ts";
import { SCOPE_CHARS_MAX } from "./assertion.ts";
import { grantFor, type TokenRequest } from "./token-request.ts";

/** https://www.rfc-editor.org/rfc/rfc9068#section-2.1 */
export const ACCESS_TOKEN_TYP = "at+jwt";

const seconds = z.int().min(0);

/** https://www.rfc-editor.org/rfc/rfc9068#section-2.2 */
export const accessTokenClaims = z.strictObject({
  iss: z.string().max(URL_BYTES_MAX),
  sub: z.string(),
  aud: z.string().max(URL_BYTES_MAX),
  client_id: z.string(),
  scope: z.string().max(SCOPE_CHARS_MAX).optional(),
  jti: z.string().min(1).max(TEXT_BYTES_MAX),
  iat: seconds,
  exp: seconds,
  /** The instance that asked, in hex: what introspection and revocation follow. */
  instance: z.string().regex(/^[0-9a-f]{64}$/),
  /** https://www.rfc-editor.org/rfc/rfc9449#section-6.1 */
  cnf: z.strictObject({ jkt: z.string() }).optional(),
});
export type AccessTokenClaims = z.output<typeof accessTokenClaims>;

/** Everything a token is made from; every co-signer has it or recomputes it. */
export interface TokenSubject {
  readonly issuer: string;
  readonly workload: Workload;
  readonly instance: Hash;
  readonly request: Pick<TokenRequest, "scope" | "resource">;
  /** Thumbprint of the DPoP key; undefined: a bearer token. */
  readonly jkt: string | undefined;
}

/**
 * The claims of an access token (RFC 9068 section 2.2): a pure function of request, registry and what the
 * coordinator proposes, so that co-signers compute the same bytes. Throws OAuthError invalid_scope, invalid_target.
 */
export function buildAccessTokenClaims(
  subject: TokenSubject,
  proposed: { readonly iat: number; readonly jti: string },
): AccessTokenClaims {
  const { issuer, workload, instance, request, jkt } = subject;
  const { scope, resource } = grantFor(request, workload);
  return {
    iss: issuer,
    sub: workload.spiffeId,
    aud: resource,
    client_id: workload.spiffeId,
    ...(scope === undefined ? {} : { scope }),
    jti: proposed.jti,
    iat: proposed.iat,
    exp: proposed.iat + workload.ttlSeconds,
    instance: toHex(instance),
    ...(jkt === undefined ? {} : { cnf: { jkt } }),
  };
}

/** The instance a token's claim names. */
export function instanceClaim(claims: Pick<AccessTokenClaims, "instance">): Hash | undefined {
  return fromHex(claims.instance);
}

/**
 * Token jti = H(assertion), over what the assertion's signature is over: a threshold key can sign the same
 * assertion twice with other nonces, and that must not make a second token.
 */
export function tokenJti(assertionSigningInput: Uint8Array): string {
  return toBase64Url(taggedHash("ipse/v1/token-jti", assertionSigningInput));
}
