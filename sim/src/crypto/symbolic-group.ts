import { IpseError } from "@ipse/protocol";
import type { Ed25519, Group, Point, Scalar } from "@ipse/protocol/group";
import { fastHash } from "./fast-hash.ts";

/*
 * The ideal group of symbolic campaigns. A "point" encodes its own discrete logarithm in the field of
 * 2^61 - 1 elements, so group laws cost a BigInt operation and FROST, DKG and ratchets run unchanged over it.
 * It hides nothing: whoever looks inside could forge. Simulated parties act only through the production
 * machines, and what an adversary could do with stolen values is computed from the values (knowledge.ts).
 */

const P = (1n << 61n) - 1n;
const MASK = P;
/** Marks points, so that no scalar decodes as one. */
const POINT_MARK = 0x50;

function reduce(value: bigint): bigint {
  const folded = (value & MASK) + (value >> 61n);
  const once = (folded & MASK) + (folded >> 61n);
  return once >= P ? once - P : once;
}

function read(bytes: Uint8Array): bigint {
  const lo = (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8) | ((bytes[2] ?? 0) << 16) | ((bytes[3] ?? 0) << 24);
  const hi = (bytes[4] ?? 0) | ((bytes[5] ?? 0) << 8) | ((bytes[6] ?? 0) << 16) | ((bytes[7] ?? 0) << 24);
  return BigInt(lo >>> 0) | (BigInt(hi >>> 0) << 32n);
}

function write(value: bigint, mark: number): Uint8Array {
  const out = new Uint8Array(32);
  const lo = Number(value & 0xffff_ffffn);
  const hi = Number(value >> 32n);
  for (let i = 0; i < 4; i++) {
    out[i] = (lo >>> (8 * i)) & 0xff;
    out[4 + i] = (hi >>> (8 * i)) & 0xff;
  }
  out[31] = mark;
  return out;
}

const scalar = (value: bigint): Scalar => write(value, 0) as Scalar;
const point = (value: bigint): Point => write(value, POINT_MARK) as Point;

function canonical(bytes: Uint8Array, mark: number): boolean {
  if (bytes.length !== 32 || bytes[31] !== mark) return false;
  for (let i = 8; i < 31; i++) if (bytes[i] !== 0) return false;
  return read(bytes) < P;
}

function fail(code: string): IpseError {
  return new IpseError(code, "not a canonical value of the symbolic group");
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = reduce(result * square);
    square = reduce(square * square);
  }
  return result;
}

function fromWide(wide: Uint8Array): bigint {
  return reduce(read(wide));
}

const SEED_TAG = Uint8Array.of(1);
const NONCE_TAG = Uint8Array.of(2);

function secretOf(seed: Uint8Array): bigint {
  return fromWide(fastHash([SEED_TAG, seed])) || 1n;
}

function challengeOf(r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint {
  return fromWide(fastHash([r, key, message]));
}

/** Schnorr signatures over the symbolic group: threshold signatures and ordinary ones verify by one equation. */
const ed25519: Ed25519 = {
  publicKey: (seed) => point(secretOf(seed)),
  sign: (seed, message) => {
    const secret = secretOf(seed);
    const nonce = fromWide(fastHash([NONCE_TAG, seed, message])) || 1n;
    const r = point(nonce);
    const z = reduce(nonce + reduce(challengeOf(r, point(secret), message) * secret));
    const out = new Uint8Array(64);
    out.set(r);
    out.set(scalar(z), 32);
    return out;
  },
  verify: (publicKey, message, signature) => {
    if (signature.length !== 64) return false;
    const r = signature.subarray(0, 32);
    const z = signature.subarray(32);
    if (!canonical(publicKey, POINT_MARK) || !canonical(r, POINT_MARK) || !canonical(z, 0)) return false;
    const key = read(publicKey);
    if (key === 0n) return false;
    return reduce(read(r) + reduce(challengeOf(r, publicKey, message) * key)) === read(z);
  },
};

/** The symbolic implementation of the production group interface. */
export const symbolicGroup: Group = {
  name: "symbolic/2^61-1",
  order: P,
  generator: point(1n),
  identity: point(0n),
  sha512: (...parts) => fastHash(parts),
  scalarFromWide: (bytes) => {
    if (bytes.length !== 64) throw fail("ERR_GROUP_SCALAR");
    return scalar(fromWide(bytes));
  },
  scalarFromNumber: (value) => {
    if (!Number.isSafeInteger(value) || value < 0) throw fail("ERR_GROUP_SCALAR");
    return scalar(BigInt(value));
  },
  decodeScalar: (bytes) => {
    if (!canonical(bytes, 0)) throw fail("ERR_GROUP_SCALAR");
    return bytes.slice() as Scalar;
  },
  decodePoint: (bytes) => {
    if (!canonical(bytes, POINT_MARK) || read(bytes) === 0n) throw fail("ERR_GROUP_POINT");
    return bytes.slice() as Point;
  },
  scalarAdd: (a, b) => scalar(reduce(read(a) + read(b))),
  scalarSub: (a, b) => scalar(reduce(read(a) + P - read(b))),
  scalarMul: (a, b) => scalar(reduce(read(a) * read(b))),
  scalarNegate: (a) => scalar(reduce(P - read(a))),
  scalarInvert: (a) => {
    const value = read(a);
    if (value === 0n) throw fail("ERR_GROUP_SCALAR");
    return scalar(power(value, P - 2n));
  },
  scalarIsZero: (a) => read(a) === 0n,
  baseMul: (s) => point(read(s)),
  mul: (s, p) => point(reduce(read(s) * read(p))),
  add: (p, q) => point(reduce(read(p) + read(q))),
  sub: (p, q) => point(reduce(read(p) + P - read(q))),
  equal: (p, q) => {
    for (let i = 0; i < 32; i++) if (p[i] !== q[i]) return false;
    return true;
  },
  multiMulPublic: (scalars, points) => {
    if (scalars.length !== points.length) throw fail("ERR_GROUP_LENGTH");
    let sum = 0n;
    scalars.forEach((s, i) => {
      sum = reduce(sum + reduce(read(s) * read(points[i] ?? new Uint8Array(8))));
    });
    return point(sum);
  },
  ed25519,
};
