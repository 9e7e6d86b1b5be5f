import { concatBytes, equalBytes, fromHex, utf8 } from "../bytes.ts";
import type { Group, Point, Scalar } from "./group.ts";
import { portableGroup } from "./portable.ts";

/** No points of prime order. The first is B plus the point of order two: libsodium before 1.0.21 took it for one (CVE-2025-69277). */
const REFUSED = {
  "B plus a point of order two": "9599999999999999999999999999999999999999999999999999999999999999",
  "B plus a point of order four": "9bad33f580df7ecc49df5342bac8145d5bedc40f573d1b067f3c4ce449689a15",
  "B plus a point of order eight": "98519eadf35b995233b51b5cd23e9cc5a28b639b5a4af0ec903cb960d81b7819",
  "B plus another of order eight": "da99e28ba529cdde35a25fba9059e78ecaee239f99755b9b1aa4f65df00803e2",
  "the identity": "0100000000000000000000000000000000000000000000000000000000000000",
  "order four": "0000000000000000000000000000000000000000000000000000000000000000",
  "order eight": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "y = p + 3": "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "off the curve": "0200000000000000000000000000000000000000000000000000000000000000",
};

/**
 * Whether a native backend agrees with the portable one on every operation, once, at load: an outdated or
 * miscompiled library must not get as far as a key.
 */
export function selfTest(group: Group): boolean {
  try {
    const refused = Object.values(REFUSED).every((encoded) => refuses(group, encoded));
    return refused && equalBytes(walk(group), walk(portableGroup));
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
  const [, minusP, minusB] = group.decodePoints(
    [p, p, group.generator].map((point) => group.sub(group.identity, point)),
  ) as [Point, Point, Point];
  const q = group.add(group.sub(group.mul(b, p), minusB), minusP);
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

/** Refused alone, and in company of a point. */
function refuses(group: Group, encoded: string): boolean {
  const bytes = fromHex(encoded);
  if (bytes === undefined) return false;
  return [[bytes], [bytes, group.generator], [group.generator, bytes]].every((encodings) => {
    try {
      group.decodePoints(encodings);
      return false;
    } catch {
      return true;
    }
  });
}
