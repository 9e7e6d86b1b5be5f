import { equalBytes, zeroize } from "../bytes.ts";
import { IpseError } from "../errors.ts";
import type { Group, Scalar } from "../group/index.ts";
import type { SigningNonces } from "./nonce.ts";
import { type SigningPackage, signerTerms } from "./signing-package.ts";

/**
 * sign of RFC 9591 section 5.2: z = d + e * rho + lambda * s * c. Consumes the nonces: they are wiped before
 * it returns, also on the way out with an error about them, and wiped nonces are refused.
 *
 * Throws ERR_FROST_NONCE when the nonces were used or are not those of our commitment in the list, and
 * ERR_FROST_NOT_SIGNER when we are not in the list.
 */
export function signShare(
  group: Group,
  signing: SigningPackage,
  signingShare: Scalar,
  nonces: SigningNonces,
): Scalar {
  const { hiding, binding, commitment } = nonces;
  const { signer, weight } = signerTerms(group, signing, commitment.identifier);
  const listed = signer.commitment;
  if (!equalBytes(listed.hiding, commitment.hiding) || !equalBytes(listed.binding, commitment.binding)) {
    zeroize(hiding, binding);
    throw new IpseError("ERR_FROST_NONCE", "the list does not hold our own commitment");
  }
  if (group.scalarIsZero(hiding) || group.scalarIsZero(binding)) {
    throw new IpseError("ERR_FROST_NONCE", "these nonces were used before");
  }
  const bound = group.scalarMul(binding, signer.bindingFactor);
  const nonce = group.scalarAdd(hiding, bound);
  const weighted = group.scalarMul(weight, signingShare);
  const share = group.scalarAdd(nonce, weighted);
  zeroize(hiding, binding, bound, nonce, weighted);
  return share;
}
