import type { PublicJwk } from "@ipse/protocol/oauth";
import { compactVerify, errors, importJWK } from "jose";

const ED25519_ALGS = ["EdDSA", "Ed25519"];

/**
 * Whether a compact JWS (RFC 7515) verifies under this key; the key decides which algs may stand in the header,
 * never the header. Throws only what is not the JWS's fault.
 */
export async function jwsVerifies(jws: string, jwk: PublicJwk): Promise<boolean> {
  const { kty, crv, x } = jwk;
  try {
    const key = await importJWK(jwk.kty === "EC" ? { kty, crv, x, y: jwk.y } : { kty, crv, x }, algOf(jwk));
    await compactVerify(jws, key, { algorithms: jwk.kty === "EC" ? ["ES256"] : ED25519_ALGS });
    return true;
  } catch (error) {
    // A point off the curve fails at import, as a DOMException.
    if (error instanceof errors.JOSEError || error instanceof DOMException) return false;
    throw error;
  }
}

/** The alg a key of ours signs with. */
export function algOf(jwk: Pick<PublicJwk, "kty">): "ES256" | "EdDSA" {
  return jwk.kty === "EC" ? "ES256" : "EdDSA";
}
