import { concatBytes, equalBytes, fromHex, utf8 } from "../bytes.ts";
import type { Group, Point, Scalar } from "./group.ts";
import { portableGroup } from "./portable.ts";

/** B plus the point of order two: libsodium before 1.0.21 took it for a prime-order point (CVE-2025-69277). */
const MIXED_ORDER = "9599999999999999999999999999999999999999999999999999999999999999";

/**
 * Whether a native backend agrees with the portable one on every operation, once, at load: an outdated or
 * miscompiled library must not get as far as a key.
 */
export function selfTest(group: Group): boolean {
  try {
    const mixed = fromHex(MIXED_ORDER);
    return mixed !== undefined && refuses(group, mixed) && equalBytes(walk(group), walk(portableGroup));
  } catch {
    return false;
  }
}

/** One value that depends on every operation of the interface. */
function walk(group: Group): Uint8Array {
  const seed = group.sha512(utf8("ipse group self test"));
  const a = group.scalarFromWide(seed);
  const b = group.scalarInvert(group.scalarMul(group.scalarNegate(a), group.scalarFromNumber(65535)));
  const c = group.scalarSub(group.scalarAdd(a, b), group.decodeScalar(group.scalarFromNumber(7)));
  const p = group.decodePoint(group.baseMul(c));
  const q = group.sub(group.add(group.mul(b, p), group.generator), p);
  const r = group.add(group.multiMulPublic([a, b, c], [p, q, group.generator]), publicSumEdges(group, a, p));
  const signature = group.ed25519.sign(seed.subarray(0, 32), r);
  const publicKey = group.ed25519.publicKey(seed.subarray(0, 32));
  const flags = [
    group.scalarIsZero(group.scalarSub(a, a)),
    group.equal(group.sub(p, p), group.identity),
    group.ed25519.verify(publicKey, r, signature),
    !group.ed25519.verify(publicKey, q, signature),
    equalBytes(group.ed25519.signer(seed.subarray(0, 32))(r), signature),
  ];
  return concatBytes(r, signature, Uint8Array.from(flags, Number));
}

/** Sums in which terms cancel, repeat, vanish, or have the smallest and largest scalars. */
function publicSumEdges(group: Group, a: Scalar, p: Point): Point {
  const [zero, one, small] = [0, 1, 2 ** 40 + 1].map((n) => group.scalarFromNumber(n)) as [
    Scalar,
    Scalar,
    Scalar,
  ];
  const minusOne = group.scalarNegate(one);
  const cancelled = group.multiMulPublic([a, group.scalarNegate(a)], [p, p]);
  return group.multiMulPublic(
    [one, minusOne, small, one, zero, a, minusOne],
    [cancelled, p, p, p, group.generator, group.identity, group.generator],
  );
}

function refuses(group: Group, encoded: Uint8Array): boolean {
  try {
    group.decodePoint(encoded);
    return false;
  } catch {
    return true;
  }
}
