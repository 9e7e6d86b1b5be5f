import { p256 } from "@noble/curves/nist.js";
import { concatBytes, fromBase64Url } from "../bytes.ts";
import { remembered } from "../encoding/remembered.ts";
import type { Group } from "../group/group.ts";
import type { EcJwk, PublicJwk } from "./thumbprint.ts";

/** ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4): uncompressed point, message, R || S. Never throws. */
export type VerifyEs256 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** ES256 without anything outside of this package; edges have quicker ones. */
export const portableEs256: VerifyEs256 = (publicKey, message, signature) => {
  try {
    // RFC 7518 does not ask for low S.
    return p256.verify(signature, message, publicKey, { lowS: false });
  } catch {
    return false;
  }
};

/** The two kinds of signatures Ipse verifies. */
export interface JwsVerifier {
  readonly group: Group;
  readonly verifyEs256: VerifyEs256;
}

const EMPTY = new Uint8Array();

/** A P-256 key as an uncompressed point (SEC 1 section 2.3.3); that it is on the curve is for whoever verifies. */
const pointOf = remembered(({ x, y }: EcJwk) =>
  concatBytes(Uint8Array.of(4), fromBase64Url(x) ?? EMPTY, fromBase64Url(y) ?? EMPTY),
);

/** The signature of a compact JWS that parseCompactJwt took. */
function signatureOf(jws: string): Uint8Array {
  return fromBase64Url(jws.slice(jws.lastIndexOf(".") + 1)) ?? EMPTY;
}

/**
 * Whether a compact JWS (RFC 7515 section 5.2) verifies under this key. The key decides the algorithm; that the
 * header names it too is the caller's to check.
 */
export function jwsVerifies(
  { group, verifyEs256 }: JwsVerifier,
  jws: string,
  signingInput: Uint8Array,
  jwk: PublicJwk,
): boolean {
  const signature = signatureOf(jws);
  if (signature.length !== 64) return false;
  if (jwk.kty === "EC") return verifyEs256(pointOf(jwk), signingInput, signature);
  return group.ed25519.verify(fromBase64Url(jwk.x) ?? EMPTY, signingInput, signature);
}
