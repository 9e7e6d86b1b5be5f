import { mulAddUnsafe } from "@noble/curves/abstract/curve.js";
import { ed25519 as nobleEd25519 } from "@noble/curves/ed25519.js";
import { sha512 as nobleSha512 } from "@noble/hashes/sha2.js";
import { equalBytes } from "../bytes.ts";
import {
  generatorBytes,
  identityBytes,
  isCanonicalScalar,
  isZeroBytes,
  lengthError,
  numberBytes,
  ORDER,
  pointError,
  scalarError,
} from "./encoded.ts";
import { type Ed25519, type Group, type Point, type Scalar, SIGNATURE_BYTES, WIDE_BYTES } from "./group.ts";
import { recentKeys, recentSignatures } from "./recent-keys.ts";

/*
 * The portable backend: @noble/curves, audited pure JavaScript that runs wherever JavaScript does.
 *
 * HAZARD: its arithmetic is on BigInt, which no engine runs in constant time. noble makes the sequence of
 * group operations independent of the scalar (`multiply`, not `multiplyUnsafe`), but each BigInt operation
 * may take longer for larger values, and secrets leave copies that cannot be erased. Against an attacker who
 * times a shared machine use the fast backend; `loadGroup` says when it could not.
 */

const Curve = nobleEd25519.Point;
const Field = Curve.Fn;
type CurvePoint = InstanceType<typeof Curve>;

const unpackScalar = (s: Uint8Array): bigint => Field.fromBytes(s);
const packScalar = (n: bigint): Scalar => Field.toBytes(n) as Uint8Array as Scalar;
/** Our own points: encoded by us, so on the curve and in the subgroup already. */
const unpackPoint = (p: Uint8Array): CurvePoint => Curve.fromBytes(p);
const packPoint = (p: CurvePoint): Point => p.toBytes() as Uint8Array as Point;

function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = nobleSha512.create();
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function scalarFromWide(bytes: Uint8Array): Scalar {
  if (bytes.length !== WIDE_BYTES) throw scalarError("a wide scalar has 64 bytes");
  let wide = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) wide = (wide << 8n) | BigInt(bytes[i] ?? 0);
  return packScalar(wide % ORDER);
}

function decodeScalar(bytes: Uint8Array): Scalar {
  if (!isCanonicalScalar(bytes)) throw scalarError("not a canonical scalar");
  return Uint8Array.from(bytes) as Scalar;
}

/** A canonical, torsion-free point that is not the identity; undefined for all else (RFC 8032 section 5.1.3). */
function validPoint(bytes: Uint8Array): CurvePoint | undefined {
  try {
    const point = Curve.fromBytes(bytes);
    return point.is0() || !point.isTorsionFree() ? undefined : point;
  } catch {
    return undefined;
  }
}

function decodePoint(bytes: Uint8Array): Point {
  if (validPoint(bytes) === undefined) throw pointError();
  return Uint8Array.from(bytes) as Point;
}

function mulPoint(s: Scalar, p: CurvePoint): Point {
  const n = unpackScalar(s);
  return packPoint(n === 0n || p.is0() ? Curve.ZERO : p.multiply(n));
}

function sumOfProducts(scalars: readonly bigint[], points: readonly CurvePoint[]): CurvePoint {
  const terms = points.flatMap((point, i) =>
    scalars[i] === 0n || point.is0() ? [] : [{ point, n: scalars[i] ?? 0n }],
  );
  if (terms.length === 0) return Curve.ZERO;
  return mulAddUnsafe(
    Curve,
    terms.map((term) => term.point),
    terms.map((term) => term.n),
  );
}

function multiMulPublic(scalars: readonly Scalar[], points: readonly Point[]): Point {
  if (scalars.length !== points.length) throw lengthError();
  return packPoint(sumOfProducts(scalars.map(unpackScalar), points.map(unpackPoint)));
}

const knownKey = recentKeys(validPoint);

/** RFC 8032 section 5.1.7 without the cofactor: a prime-order A makes [S]B - [k]A = R force R into the subgroup. */
function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || !isCanonicalScalar(signature.subarray(32))) return false;
  const key = knownKey(publicKey);
  if (key === undefined) return false;
  const r = signature.subarray(0, 32);
  const k = unpackScalar(scalarFromWide(sha512(r, publicKey, message)));
  const expected = sumOfProducts([unpackScalar(signature.subarray(32)), k], [Curve.BASE, key.negate()]);
  return !expected.is0() && equalBytes(expected.toBytes(), r);
}

const ed25519: Ed25519 = {
  publicKey: (seed) => nobleEd25519.getPublicKey(seed),
  sign: (seed, message) => nobleEd25519.sign(message, seed),
  signer: (seed) => {
    const own = Uint8Array.from(seed);
    return (message) => nobleEd25519.sign(message, own);
  },
  prepare: () => undefined,
  verify: recentSignatures(verify).verify,
};

export const portableGroup: Group = {
  name: "ed25519/noble",
  order: ORDER,
  generator: generatorBytes() as Point,
  identity: identityBytes() as Point,
  sha512,
  scalarFromWide,
  scalarFromNumber: (value) => numberBytes(value) as Scalar,
  decodeScalar,
  decodePoint,
  decodePoints: (encodings) => encodings.map(decodePoint),
  scalarAdd: (a, b) => packScalar(Field.add(unpackScalar(a), unpackScalar(b))),
  scalarSub: (a, b) => packScalar(Field.sub(unpackScalar(a), unpackScalar(b))),
  scalarMul: (a, b) => packScalar(Field.mul(unpackScalar(a), unpackScalar(b))),
  scalarNegate: (a) => packScalar(Field.neg(unpackScalar(a))),
  scalarInvert: (a) => {
    if (isZeroBytes(a)) throw scalarError("zero has no inverse");
    return packScalar(Field.inv(unpackScalar(a)));
  },
  scalarIsZero: isZeroBytes,
  baseMul: (s) => mulPoint(s, Curve.BASE),
  mul: (s, p) => mulPoint(s, unpackPoint(p)),
  add: (p, q) => packPoint(unpackPoint(p).add(unpackPoint(q))),
  sub: (p, q) => packPoint(unpackPoint(p).subtract(unpackPoint(q))),
  equal: equalBytes,
  multiMulPublic,
  ed25519,
};
