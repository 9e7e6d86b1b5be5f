import { concatBytes } from "../bytes.ts";
import { IpseError } from "../errors.ts";
import type { Group, Point, Scalar } from "../group/index.ts";
import { type SigningPackage, signerTerms } from "./signing-package.ts";

/** A signature share as it arrives. */
export interface SignatureShare {
  readonly identifier: number;
  readonly share: Uint8Array;
}

/**
 * verify_signature_share of RFC 9591 section 5.4: [z]B = D + [rho]E + [lambda * c]Y.
 * Throws ERR_FROST_NOT_SIGNER.
 */
export function verifyShare(
  group: Group,
  signing: SigningPackage,
  identifier: number,
  verifyingShare: Point,
  share: Scalar,
): boolean {
  const { signer, weight } = signerTerms(group, signing, identifier);
  const { hiding, binding } = signer.commitment;
  const scalars = [share, group.scalarNegate(signer.bindingFactor), group.scalarNegate(weight)];
  return group.equal(group.multiMulPublic(scalars, [group.generator, binding, verifyingShare]), hiding);
}

/**
 * aggregate of RFC 9591 section 5.3: adds the shares up and checks the signature; only when that fails are
 * the shares checked one by one. `verifyingShareOf` is asked only then; it says undefined for a share that is the
 * caller's own and stays with it, which is not checked: the check is public arithmetic.
 *
 * Throws ERR_FROST_SIGNERS unless there is exactly one share of every signer; ERR_FROST_SHARE naming as
 * culprits exactly those whose share is malformed or wrong; ERR_FROST_SIGNATURE when every share checked is
 * right and the signature is not, so that the group public key belongs to other verifying shares.
 */
export function aggregate(
  group: Group,
  signing: SigningPackage,
  shares: readonly SignatureShare[],
  verifyingShareOf: (identifier: number) => Point | undefined,
): Uint8Array {
  const decoded = decodeShares(group, signing, shares);
  let z = group.scalarFromNumber(0);
  for (const share of decoded.values()) z = group.scalarAdd(z, share);
  const signature = concatBytes(signing.groupCommitment, z);
  // The challenge of RFC 9591 section 4.6 is that of RFC 8032: the signature is good if it is a good one there.
  if (group.ed25519.verify(signing.groupPublicKey, signing.message, signature)) return signature;

  const culprits = [...decoded].flatMap(([identifier, share]) => {
    const verifying = verifyingShareOf(identifier);
    if (verifying === undefined) return [];
    return verifyShare(group, signing, identifier, verifying, share) ? [] : [identifier];
  });
  if (culprits.length > 0) throw badShares(culprits);
  throw new IpseError("ERR_FROST_SIGNATURE", "the signature fails although every share is right");
}

function decodeShares(
  group: Group,
  signing: SigningPackage,
  shares: readonly SignatureShare[],
): ReadonlyMap<number, Scalar> {
  const decoded = new Map<number, Scalar>();
  const malformed: number[] = [];
  for (const { identifier, share } of shares) {
    if (!signing.signers.has(identifier) || decoded.has(identifier) || malformed.includes(identifier)) {
      throw new IpseError("ERR_FROST_SIGNERS", `participant ${identifier} has no share to give, or gave two`);
    }
    try {
      decoded.set(identifier, group.decodeScalar(share));
    } catch {
      malformed.push(identifier);
    }
  }
  if (malformed.length > 0) throw badShares(malformed);
  if (decoded.size !== signing.signers.size) {
    throw new IpseError("ERR_FROST_SIGNERS", "the share of a signer is missing");
  }
  return decoded;
}

function badShares(culprits: readonly number[]): IpseError {
  return new IpseError("ERR_FROST_SHARE", `wrong signature shares from ${culprits.join(", ")}`, { culprits });
}
