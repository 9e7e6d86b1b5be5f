import { concatBytes, equalBytes, fromHex, utf8 } from "../bytes.ts";
import { ORDER } from "./encoded.ts";
import { type Group, type Point, SCALAR_BYTES, type Scalar } from "./group.ts";
import { portableGroup } from "./portable.ts";

/** No points of prime order. libsodium before 1.0.21 took the first for one (CVE-2025-69277). */
const REFUSED = {
  "B plus a point of order two": "9599999999999999999999999999999999999999999999999999999999999999",
  "y = p + 3": "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "off the curve": "0200000000000000000000000000000000000000000000000000000000000000",
};

/** Its multiples are all the points of small order. */
const ORDER_EIGHT = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05";

/** Encodings of the identity that are not canonical. */
const IDENTITIES = [
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0100000000000000000000000000000000000000000000000000000000000080",
];

/**
 * Signatures under each of a few keys; each takes 32 of the 4096 multiples in its key's table, or, once that key
 * recurs, half of the 64 in its smaller one.
 */
const SIGNATURES = 32;

/**
 * Whether a native backend agrees with the portable one on every operation, once, at load: an outdated or
 * miscompiled library must not get as far as a key.
 */
export function selfTest(group: Group): boolean {
  try {
    const none = [...Object.values(REFUSED).map(bytesOf), group.identity, ...otherOrders(group)];
    const refused = none.every((encoded) => refuses(group, encoded));
    const points = refused && decodesRightly(group) && equalBytes(walk(group), walk(portableGroup));
    return points && judgesSignatures(group);
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

/** Some points of each coset of the prime-order group but itself: each fails a test of its own, or several. */
function otherOrders(group: Group): Point[] {
  const byOrderEight = bytesOf(ORDER_EIGHT) as Point;
  return [0, 1, 2, 3].flatMap((multiple) => {
    let point = group.baseMul(group.scalarFromNumber(multiple));
    return Array.from({ length: 7 }, () => {
      point = group.add(point, byOrderEight);
      return point;
    });
  });
}

/** Refused alone, and in company of a point. */
function refuses(group: Group, encoded: Uint8Array): boolean {
  return [[encoded], [encoded, group.generator], [group.generator, encoded]].every((encodings) => {
    try {
      group.decodePoints(encodings);
      return false;
    } catch {
      return true;
    }
  });
}

/**
 * Whether sums of decoded points, of each and of all, are what their discrete logarithms say. Eight points and their opposites are decoded
 * in pairs of different ones, each first in one pair and second in another; four more and theirs alone. Among both are
 * all ways in which the roots that decoding takes may need correction.
 */
function decodesRightly(group: Group): boolean {
  const [inPairs, alone] = [bothSigns(group, 3, 10), bothSigns(group, 11, 14)];
  const points = [
    ...group.decodePoints(inPairs.map((log) => group.baseMul(log))),
    ...alone.map((log) => group.decodePoint(group.baseMul(log))),
  ];
  const factor = group.scalarFromWide(group.sha512(utf8("ipse group self test, decoded points")));
  const scalars: Scalar[] = [];
  let [scalar, expected] = [factor, group.scalarFromNumber(0)];
  for (const log of [...inPairs, ...alone]) {
    scalars.push(scalar);
    expected = group.scalarAdd(expected, group.scalarMul(scalar, log));
    scalar = group.scalarMul(scalar, factor);
  }
  const one = group.scalarFromNumber(1);
  return (
    group.equal(group.multiMulPublic(scalars, points), group.baseMul(expected)) &&
    points.every((point) => group.equal(group.multiMulPublic([one], [point]), point))
  );
}

/** The numbers from one to another, then their opposites in the opposite order. */
function bothSigns(group: Group, from: number, to: number): Scalar[] {
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => group.scalarFromNumber(from + i));
  return [...numbers, ...numbers.map((number) => group.scalarNegate(number)).reverse()];
}

/**
 * Whether signatures are judged as they must be, under keys that were announced and one that was not: by their own
 * secrets, so that every judgment is computed and none remembered, and many, so that each row of a table is used.
 */
function judgesSignatures(group: Group): boolean {
  const scalar = (name: string): Scalar =>
    group.scalarFromWide(group.sha512(utf8(`ipse group self test, ${name}`)));
  const pairs = [0, 1, 2].map((i) => {
    const secret = scalar(`key ${i}`);
    return { secret, key: group.baseMul(secret) };
  });
  const keys = pairs.map(({ key }) => key);
  group.ed25519.prepare(keys.slice(1));
  return Array.from({ length: SIGNATURES }, (_, i) => scalar(`nonce ${i}`)).every((nonce, i) => {
    const r = group.baseMul(nonce);
    return pairs.every(({ secret, key }, at) => {
      const sign = (point: Uint8Array, log: Scalar): Uint8Array => {
        const c = group.scalarFromWide(group.sha512(point, key, nonce));
        return concatBytes(point, group.scalarAdd(log, group.scalarMul(c, secret)));
      };
      const good = sign(r, nonce);
      const bad = [sign(group.sub(group.identity, r), nonce)];
      // Without a table of a key that recurs, and with it.
      const thorough = i === 0 || i === SIGNATURES - 1;
      if (thorough) bad.push(plusOrder(good), ...forgeries(group, r, nonce, sign));
      const { verify } = group.ed25519;
      const others = !thorough || keys.every((other, j) => j === at || !verify(other, nonce, good));
      const right = verify(key, nonce, good) && !verify(key, r, good) && others;
      return right && bad.every((signature) => !verify(key, nonce, signature));
    });
  });
}

/** Signatures that hold up to a point of small order, or whose R has small order, or is not canonical. */
function forgeries(
  group: Group,
  r: Point,
  nonce: Scalar,
  sign: (point: Uint8Array, log: Scalar) => Uint8Array,
): Uint8Array[] {
  const zero = group.scalarFromNumber(0);
  let [shifted, small]: [Point, Uint8Array] = [r, group.identity];
  const signatures = IDENTITIES.map((encoding) => sign(bytesOf(encoding), zero));
  signatures.push(sign(small, zero));
  for (let i = 1; i < 8; i++) {
    shifted = group.add(shifted, bytesOf(ORDER_EIGHT) as Point);
    small = group.sub(shifted, r);
    signatures.push(sign(shifted, nonce), sign(small, zero));
  }
  return signatures;
}

/** The same signature with S + L in the place of S. */
function plusOrder(signature: Uint8Array): Uint8Array {
  const changed = signature.slice();
  let carried = 0n;
  for (let i = 0; i < SCALAR_BYTES; i++) {
    carried += BigInt(changed[SCALAR_BYTES + i] ?? 0) + ((ORDER >> BigInt(8 * i)) & 0xffn);
    changed[SCALAR_BYTES + i] = Number(carried & 0xffn);
    carried >>= 8n;
  }
  return changed;
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (bytes === undefined) throw new Error("not hexadecimal");
  return bytes;
}
