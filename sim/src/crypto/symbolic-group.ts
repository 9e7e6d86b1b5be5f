import { IpseError } from "@ipse/protocol";
import type { Ed25519, Group, Point, Scalar } from "@ipse/protocol/group";
import { fastHash, fastHash48 } from "./fast-hash.ts";

/*
 * The ideal group of symbolic campaigns. A "point" encodes its own discrete logarithm in the field of
 * P = 2^46 - 21 elements, so group laws cost a few multiplications of doubles and FROST, DKG and ratchets run
 * unchanged over it. It hides nothing: whoever looks inside could forge. Simulated parties act only through the
 * production machines, and what an adversary could do with stolen values is computed from the values (knowledge.ts).
 *
 * The field is small enough for doubles and large enough that nothing happens by chance: two of the few hundred
 * values drawn in a run are equal in one run of 10^9 (n^2 / 2P with n = 400), and such a run would raise a false
 * alarm (a nonce used twice), never hide one. A wrong signature or share passes its equation with probability 1 / P.
 */

const HALF = 2 ** 23;
const FIELD = 2 ** 46;
/** 2^46 - FOLD is the prime. */
const FOLD = 21;
const P = FIELD - FOLD;
/** Marks points, so that no scalar decodes as one. */
const POINT_MARK = 0x50;

/** Any integer in [0, 2^53) to its remainder by P. */
function reduce(value: number): number {
  const high = Math.floor(value / FIELD);
  const folded = value - high * FIELD + high * FOLD;
  return folded >= P ? folded - P : folded;
}

/** Product of two remainders, in halves of 23 bits: no intermediate sum reaches 2^53. */
function times(a: number, b: number): number {
  const a1 = Math.floor(a / HALF);
  const b1 = Math.floor(b / HALF);
  const a0 = a - a1 * HALF;
  const b0 = b - b1 * HALF;
  const middle = a1 * b0 + a0 * b1;
  const carry = Math.floor(middle / HALF);
  return reduce(a1 * b1 * FOLD + carry * FOLD + (middle - carry * HALF) * HALF + a0 * b0);
}

function read(bytes: Uint8Array): number {
  const lo = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8) | ((bytes[2] ?? 0) << 16) | ((bytes[3] ?? 0) << 24);
  const hi = (bytes[4] ?? 0) | ((bytes[5] ?? 0) << 8);
  return (lo >>> 0) + hi * 2 ** 32;
}

function write(value: number, mark: number): Uint8Array {
  const out = new Uint8Array(32);
  const lo = value % 2 ** 32;
  const hi = (value - lo) / 2 ** 32;
  out[0] = lo;
  out[1] = lo >>> 8;
  out[2] = lo >>> 16;
  out[3] = lo >>> 24;
  out[4] = hi;
  out[5] = hi >>> 8;
  out[31] = mark;
  return out;
}

const scalar = (value: number): Scalar => write(value, 0) as Scalar;
const point = (value: number): Point => write(value, POINT_MARK) as Point;

function canonical(bytes: Uint8Array, mark: number): boolean {
  if (bytes.length !== 32 || bytes[31] !== mark) return false;
  for (let i = 6; i < 31; i++) if (bytes[i] !== 0) return false;
  return read(bytes) < P;
}

function fail(code: string): IpseError {
  return new IpseError(code, "not a canonical value of the symbolic group");
}

function power(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let e = exponent; e > 0; e = Math.floor(e / 2)) {
    if (e % 2 === 1) result = times(result, square);
    square = times(square, square);
  }
  return result;
}

const SEED_TAG = Uint8Array.of(1);
const NONCE_TAG = Uint8Array.of(2);

function secretOf(seed: Uint8Array): number {
  return reduce(fastHash48([SEED_TAG, seed])) || 1;
}

function challengeOf(r: Uint8Array, key: Uint8Array, message: Uint8Array): number {
  return reduce(fastHash48([r, key, message]));
}

function sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
  const secret = secretOf(seed);
  const nonce = reduce(fastHash48([NONCE_TAG, seed, message])) || 1;
  const r = point(nonce);
  const z = reduce(nonce + times(challengeOf(r, point(secret), message), secret));
  const out = new Uint8Array(64);
  out.set(r);
  out.set(scalar(z), 32);
  return out;
}

/** Schnorr signatures over the symbolic group: threshold signatures and ordinary ones verify by one equation. */
const ed25519: Ed25519 = {
  publicKey: (seed) => point(secretOf(seed)),
  sign,
  signer: (seed) => {
    const own = Uint8Array.from(seed);
    return (message) => sign(own, message);
  },
  prepare: () => undefined,
  verify: (publicKey, message, signature) => {
    if (signature.length !== 64) return false;
    const r = signature.subarray(0, 32);
    const z = signature.subarray(32);
    if (!canonical(publicKey, POINT_MARK) || !canonical(r, POINT_MARK) || !canonical(z, 0)) return false;
    const key = read(publicKey);
    if (key === 0) return false;
    return reduce(read(r) + times(challengeOf(r, publicKey, message), key)) === read(z);
  },
};

function decodePoint(bytes: Uint8Array): Point {
  if (!canonical(bytes, POINT_MARK) || read(bytes) === 0) throw fail("ERR_GROUP_POINT");
  return bytes.slice() as Point;
}

/** The symbolic implementation of the production group interface. */
export const symbolicGroup: Group = {
  name: "symbolic/2^46-21",
  order: BigInt(P),
  generator: point(1),
  identity: point(0),
  sha512: (...parts) => fastHash(parts),
  scalarFromWide: (bytes) => {
    if (bytes.length !== 64) throw fail("ERR_GROUP_SCALAR");
    return scalar(reduce(read(bytes)));
  },
  scalarFromNumber: (value) => {
    if (!Number.isSafeInteger(value) || value < 0) throw fail("ERR_GROUP_SCALAR");
    return scalar(reduce(value));
  },
  decodeScalar: (bytes) => {
    if (!canonical(bytes, 0)) throw fail("ERR_GROUP_SCALAR");
    return bytes.slice() as Scalar;
  },
  decodePoint,
  decodePoints: (encodings) => encodings.map(decodePoint),
  scalarAdd: (a, b) => scalar(reduce(read(a) + read(b))),
  scalarSub: (a, b) => scalar(reduce(read(a) + P - read(b))),
  scalarMul: (a, b) => scalar(times(read(a), read(b))),
  scalarNegate: (a) => scalar(reduce(P - read(a))),
  scalarInvert: (a) => {
    const value = read(a);
    if (value === 0) throw fail("ERR_GROUP_SCALAR");
    return scalar(power(value, P - 2));
  },
  scalarIsZero: (a) => read(a) === 0,
  baseMul: (s) => point(read(s)),
  mul: (s, p) => point(times(read(s), read(p))),
  add: (p, q) => point(reduce(read(p) + read(q))),
  sub: (p, q) => point(reduce(read(p) + P - read(q))),
  equal: (p, q) => {
    for (let i = 0; i < 32; i++) if (p[i] !== q[i]) return false;
    return true;
  },
  multiMulPublic: (scalars, points) => {
    if (scalars.length !== points.length) throw fail("ERR_GROUP_LENGTH");
    let sum = 0;
    scalars.forEach((s, i) => {
      sum = reduce(sum + times(read(s), read(points[i] ?? new Uint8Array(8))));
    });
    return point(sum);
  },
  ed25519,
};
