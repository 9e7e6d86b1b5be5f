import { z } from "zod";
import { toBase64Url, utf8 } from "../bytes.ts";
import { hashes } from "../encoding/hashes.ts";
import { remembered } from "../encoding/remembered.ts";
import { parseWith } from "../encoding/schema.ts";
import { IpseError } from "../errors.ts";
import { TEXT_BYTES_MAX, URL_BYTES_MAX } from "../limits.ts";
import { TOLERANCES } from "../policy/tolerances.ts";
import type { JsonObject, UnverifiedJwt } from "./jwt.ts";
import { allow, OAuthError } from "./oauth-error.ts";
import { jwkThumbprint, type PublicJwk, publicJwk } from "./thumbprint.ts";
import { normalizeHtu } from "./url.ts";

/** What servers announce as dpop_signing_alg_values_supported. */
export const DPOP_ALGS = ["ES256", "EdDSA", "Ed25519"] as const;

/** https://www.rfc-editor.org/rfc/rfc9449#section-4.2 */
const dpopHeader = z.strictObject({
  typ: z.literal("dpop+jwt"),
  alg: z.enum(DPOP_ALGS),
  jwk: publicJwk,
});
const dpopClaims = z.looseObject({
  jti: z.string().min(1).max(TEXT_BYTES_MAX),
  htm: z.string().max(32),
  htu: z.string().max(URL_BYTES_MAX),
  iat: z.number().min(0),
  ath: z.string().optional(),
  nonce: z.string().max(TEXT_BYTES_MAX).optional(),
});

/** The request a proof must be for. */
export interface DpopExpectation {
  readonly method: string;
  /** Every URL under which this endpoint is declared; htu must be one of them. */
  readonly urls: readonly string[];
  readonly nowMs: number;
  /** The access token presented with the proof; undefined at the token endpoint. */
  readonly accessToken?: string;
  /** Whether a nonce is one this server gave out and still takes; undefined: no nonces in use. */
  readonly acceptNonce?: (nonce: string) => boolean;
}

export interface DpopProof {
  readonly jkt: string;
  readonly jti: string;
  /** Until when a replay must be remembered. */
  readonly replayUntilMs: number;
}

/** What the header of a proof says. */
export interface DpopKey {
  readonly alg: (typeof DPOP_ALGS)[number];
  readonly jwk: PublicJwk;
}

/** Once per header object: a client's proofs share theirs, and so the key and what is remembered of it. */
const keyIn = remembered((header: JsonObject): DpopKey => {
  try {
    const { alg, jwk } = parseWith(dpopHeader, header, "ERR_DPOP_HEADER");
    allow((alg === "ES256") === (jwk.kty === "EC"), "invalid_dpop_proof", "the DPoP key is not for its alg");
    return { alg, jwk };
  } catch (cause) {
    if (cause instanceof OAuthError || !(cause instanceof IpseError)) throw cause;
    throw new OAuthError("invalid_dpop_proof", `the DPoP header is invalid: ${cause.message}`, { cause });
  }
});

const thumbprint = remembered(jwkThumbprint);

/** The key of a proof, to verify its signature with: checkDpopProofClaims takes it. Throws OAuthError invalid_dpop_proof. */
export function dpopKey(jwt: UnverifiedJwt): DpopKey {
  return keyIn(jwt.header);
}

function parseClaims(jwt: UnverifiedJwt): z.output<typeof dpopClaims> {
  try {
    return parseWith(dpopClaims, jwt.claims, "ERR_DPOP_CLAIMS");
  } catch (cause) {
    if (!(cause instanceof IpseError)) throw cause;
    throw new OAuthError("invalid_dpop_proof", `the DPoP claims are invalid: ${cause.message}`, { cause });
  }
}

/**
 * Checks what a DPoP proof says (RFC 9449 section 4.3, steps 4 to 12 without the signature and the replay memory,
 * which are the edge's). `jwk` is what dpopKey read and the signature verified under. Throws OAuthError invalid_dpop_proof or, last, use_dpop_nonce.
 */
export function checkDpopProofClaims(
  jwt: UnverifiedJwt,
  jwk: PublicJwk,
  expected: DpopExpectation,
): DpopProof {
  const claims = parseClaims(jwt);
  const refuse = (holds: boolean, what: string): void => allow(holds, "invalid_dpop_proof", what);
  refuse(claims.htm === expected.method, "htm is not the request's method");
  const htu = normalizeHtu(claims.htu);
  const here = htu !== undefined && expected.urls.some((url) => url === htu || normalizeHtu(url) === htu);
  refuse(here, "htu is not a URL of this endpoint");
  const iatMs = claims.iat * 1000;
  const fresh = Math.abs(iatMs - expected.nowMs) <= TOLERANCES.dpopMs;
  refuse(fresh, "iat is not within the accepted window");
  const ath = expected.accessToken === undefined ? undefined : accessTokenHash(expected.accessToken);
  refuse(ath === undefined || claims.ath === ath, "ath is not the access token's hash");
  if (expected.acceptNonce !== undefined) {
    const known = claims.nonce !== undefined && expected.acceptNonce(claims.nonce);
    allow(known, "use_dpop_nonce", "the DPoP proof needs a nonce of this server");
  }
  return { jkt: thumbprint(jwk), jti: claims.jti, replayUntilMs: iatMs + TOLERANCES.dpopMs };
}

/** `ath`: base64url of SHA-256 over the access token (RFC 9449 section 4.2). */
export function accessTokenHash(accessToken: string): string {
  return toBase64Url(hashes().sha256(utf8(accessToken)));
}
