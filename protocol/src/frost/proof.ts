import { concatBytes, zeroize } from "../bytes.ts";
import { taggedHash } from "../encoding/index.ts";
import type { Group, Point, Scalar } from "../group/group.ts";

function challenge(group: Group, publicKey: Point, r: Point, context: Uint8Array): Scalar {
  const wide = group.sha512(taggedHash("ipse/v1/proof-challenge", publicKey, r, context));
  return group.scalarFromWide(wide);
}

/**
 * A Schnorr proof of possession (R, z) of the discrete log of `publicKey`, bound to
 * `context` (32 bytes). `random` is 64 fresh bytes. Secret-safe: group operations only.
 */
export function makeProof(
  group: Group,
  secret: Scalar,
  publicKey: Point,
  context: Uint8Array,
  random: Uint8Array,
): Uint8Array {
  const nonce = group.scalarFromWide(random);
  const r = group.baseMul(nonce);
  const product = group.scalarMul(challenge(group, publicKey, r, context), secret);
  const z = group.scalarAdd(nonce, product);
  zeroize(nonce, product);
  return concatBytes(r, z);
}

/**
 * Whether (R, z) proves possession of `publicKey`'s discrete log for this context: [z]B - [c]P is R, byte for
 * byte. What equals the encoding of a computed point needs no decoding; the identity is refused. Never throws.
 */
export function verifyProof(group: Group, publicKey: Point, context: Uint8Array, proof: Uint8Array): boolean {
  try {
    const r = proof.slice(0, 32) as Point;
    const z = group.decodeScalar(proof.slice(32));
    if (group.scalarIsZero(z) || group.equal(r, group.identity)) return false;
    const minusC = group.scalarNegate(challenge(group, publicKey, r, context));
    return group.equal(group.multiMulPublic([z, minusC], [group.generator, publicKey]), r);
  } catch {
    return false;
  }
}
