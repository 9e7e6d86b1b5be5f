import {
  type Hash,
  hashOf,
  type Infer,
  list,
  optional,
  struct,
  text,
  u32,
  u64,
  union,
} from "../encoding/index.ts";
import { hash32, id16, oracleId } from "../ids.ts";
import { MESSAGE_BYTES_MAX, SPIFFE_ID_BYTES_MAX, TEXT_BYTES_MAX, URL_BYTES_MAX } from "../limits.ts";

/** Issuer keys one oracle holds at once. */
export const ISSUER_KEYS_MAX = 16;
const SCOPE_BYTES_MAX = 4096;
const scope = optional(text(SCOPE_BYTES_MAX));

/** A token request as the client sent it to its coordinator; every co-signer judges it again. */
export const tokenRequest = struct({
  assertion: text(MESSAGE_BYTES_MAX),
  clientId: optional(text(SPIFFE_ID_BYTES_MAX)),
  scope,
  resource: optional(text(URL_BYTES_MAX)),
  /** The DPoP header (RFC 9449 section 4). */
  proof: optional(text(MESSAGE_BYTES_MAX)),
});
export type SignableTokenRequest = Infer<typeof tokenRequest>;

/** What the coordinator decides: the rest of the claims follows from the request and the registry. */
export const tokenTerms = struct({
  /** Seconds. */
  iat: u64,
  /** Serial of the workload's statement as the coordinator knows it; for people who compare logs. */
  policy: u64,
  scope,
  resource: text(URL_BYTES_MAX),
  ttlSeconds: u32,
  claimsDigest: hash32,
});
export type TokenTerms = Infer<typeof tokenTerms>;

/** A JWKS to sign: which issuer keys it lists, and for how long it holds. */
const jwksTerms = struct({ iat: u64, exp: u64, keys: list(hash32, ISSUER_KEYS_MAX) });
export type JwksTerms = Infer<typeof jwksTerms>;

/** A Security Event Token (RFC 8417) that says: this instance's session is revoked. */
const revokedTerms = struct({ iat: u64, audience: text(URL_BYTES_MAX), instance: hash32 });
export type RevokedTerms = Infer<typeof revokedTerms>;

/** What oracles sign together under an issuer key. Nothing else is ever signed under it. */
export const cosignSubject = union({
  token: [1, struct({ request: tokenRequest, terms: tokenTerms })],
  jwks: [2, jwksTerms],
  revoked: [3, revokedTerms],
});
export type CosignSubject = Infer<typeof cosignSubject>;

/** One attempt of one coordinator: what a burn is bound to, so that a repeated request is another attempt. */
const attempt = struct({ coordinator: oracleId, attempt: id16, keyId: hash32, subject: cosignSubject });
export type CosignAttempt = Infer<typeof attempt>;

export function attemptDigest(value: CosignAttempt): Hash {
  return hashOf("ipse/v1/cosign-attempt", attempt, value);
}

/** A client's word that one of its tokens ends (RFC 7009): the assertion it authenticated with, and the token's id. */
export const tokenRevocation = struct({
  assertion: text(MESSAGE_BYTES_MAX),
  jti: text(TEXT_BYTES_MAX),
  /** When the token would have expired. */
  expMs: u64,
});
export type TokenRevocation = Infer<typeof tokenRevocation>;
