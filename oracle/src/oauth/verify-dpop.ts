import { IpseError } from "@ipse/protocol";
import {
  allow,
  checkDpopProofClaims,
  type DpopExpectation,
  type DpopProof,
  dpopKey,
  OAuthError,
  parseCompactJwt,
  type UnverifiedJwt,
} from "@ipse/protocol/oauth";
import { jwsVerifies } from "./verify-jws.ts";

function parse(proof: string): UnverifiedJwt {
  try {
    return parseCompactJwt(proof);
  } catch (cause) {
    if (!(cause instanceof IpseError)) throw cause;
    throw new OAuthError("invalid_dpop_proof", `the DPoP proof is refused: ${cause.message}`, { cause });
  }
}

/**
 * Verifies a DPoP header (RFC 9449 section 4.3) but for its replay, which the caller burns. Two headers arrive
 * joined by a comma and are refused as no JWT. Throws OAuthError invalid_dpop_proof or use_dpop_nonce.
 */
export async function verifyDpop(proof: string, expected: DpopExpectation): Promise<DpopProof> {
  const jwt = parse(proof);
  const signed = await jwsVerifies(proof, dpopKey(jwt).jwk);
  allow(signed, "invalid_dpop_proof", "the DPoP proof's signature does not verify");
  return checkDpopProofClaims(jwt, expected);
}
