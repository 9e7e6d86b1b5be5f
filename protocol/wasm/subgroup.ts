import { correction, ROOT, writePoints } from "./encoding";
import { BYTES, multiply, multiplyPair, square, squarePair } from "./field";
import { isZero, LANE, negate, powerP58, splat, sum, unpack } from "./lanes";

/*
 * Which strings are the encodings of points of prime order: SPEC.md section 5, "Points of prime order", has the theorem
 * and its proof. In short: y belongs to points of order L exactly if a = 1 - y^2 and b = 1 + d y^2 are squares other than
 * 0, r^2 and s^2, and 2 D n^3 h^2 is a fourth power other than 0, where D = 1 - y, n = 2y + c s and
 * h = n (2r + (c + 2) D) + c^2 r D. Any roots will do; x is sqrt(-1) r / s or its opposite.
 *
 * One or two points at a time, each with a verdict of its own. In variable time: PUBLIC points only.
 */

/** -1 and the curve's d: what y^2 is multiplied by in a and b. */
const COEFFICIENTS: usize = memory.data<i32>(
  [
    0x1fffffec, 0x135978a3, 0x1fffffec, 0x135978a3, 0x1fffffff, 0x0f5a6e50, 0x1fffffff, 0x0f5a6e50,
    0x1fffffff, 0x10762add, 0x1fffffff, 0x10762add, 0x1fffffff, 0x00149a82, 0x1fffffff, 0x00149a82,
    0x1fffffff, 0x1e898007, 0x1fffffff, 0x1e898007, 0x1fffffff, 0x003cbbbc, 0x1fffffff, 0x003cbbbc,
    0x1fffffff, 0x19ce331d, 0x1fffffff, 0x19ce331d, 0x1fffffff, 0x1dc56dff, 0x1fffffff, 0x1dc56dff,
    0x007fffff, 0x0052036c, 0x007fffff, 0x0052036c,
  ],
  16,
);

/** c, the even square root of 486664, in all lanes. The odd one would belong to another subgroup. */
const C: usize = memory.data<i32>(
  [
    0x0377bbd8, 0x0377bbd8, 0x0377bbd8, 0x0377bbd8, 0x12edb883, 0x12edb883, 0x12edb883, 0x12edb883,
    0x0d5b2705, 0x0d5b2705, 0x0d5b2705, 0x0d5b2705, 0x0bdc71af, 0x0bdc71af, 0x0bdc71af, 0x0bdc71af,
    0x159109ca, 0x159109ca, 0x159109ca, 0x159109ca, 0x0c429405, 0x0c429405, 0x0c429405, 0x0c429405,
    0x1540f781, 0x1540f781, 0x1540f781, 0x1540f781, 0x0d00cac7, 0x0d00cac7, 0x0d00cac7, 0x0d00cac7,
    0x00141b0b, 0x00141b0b, 0x00141b0b, 0x00141b0b,
  ],
  16,
);

const P_0: u64 = 0xffffffffffffffed;
const ONES: u64 = 0xffffffffffffffff;
const Y_TOP: u64 = 0x7fffffffffffffff;

/** a and b of both points (a b a b), their inverse roots and their roots; Y in the same order. */
const Y: usize = memory.data(144, 16);
const SQUARES: usize = memory.data(144, 16);
const INVERSES: usize = memory.data(144, 16);
const ROOTS: usize = memory.data(144, 16);
/** One number for each point (first, second, first, second). */
const X: usize = memory.data(144, 16);
const R: usize = memory.data(144, 16);
const S: usize = memory.data(144, 16);
const D: usize = memory.data(144, 16);
const N: usize = memory.data(144, 16);
const H: usize = memory.data(144, 16);
const W: usize = memory.data(144, 16);
const ONE: usize = memory.data(144, 16);
const MINUS_ONE: usize = memory.data(144, 16);

/** Whether y < p: bit 255 is the sign of x. */
function isCanonical(bytes: usize): bool {
  if ((load<u64>(bytes, 24) & Y_TOP) != Y_TOP) return true;
  return load<u64>(bytes, 16) != ONES || load<u64>(bytes, 8) != ONES || load<u64>(bytes) < P_0;
}

/** out = lanes 0 and 2 of a, or 1 and 3, twice. */
// @ts-expect-error: decorator
@inline
function everyOther(out: usize, a: usize, odd: bool): void {
  for (let i: usize = 0; i < BYTES; i += 16) {
    const limb = v128.load(a + i);
    const half = odd ? v128.shuffle<u32>(limb, limb, 1, 3, 1, 3) : v128.shuffle<u32>(limb, limb, 0, 2, 0, 2);
    v128.store(out + i, half);
  }
}

/**
 * INVERSES = 1 / sqrt(SQUARES), ROOTS = sqrt(SQUARES), of any signs. False where one has no root or is 0. With
 * s = z^((p - 5) / 8), s^2 z = z^((p - 1) / 4) is 1 or -1 for a square z, and s or s sqrt(-1) its inverse root.
 */
function takeRoots(single: bool): bool {
  powerP58(INVERSES, SQUARES, single);
  square(W, INVERSES);
  multiply(W, W, SQUARES);
  sum(H, W, MINUS_ONE);
  sum(N, W, ONE);
  for (let at: usize = 0; at < 4 * LANE; at += LANE) if (!correction(W + at, H + at, N + at)) return false;
  multiply(INVERSES, INVERSES, W);
  multiply(ROOTS, INVERSES, SQUARES);
  return true;
}

/** W = 2 D n^3 h^2: up to fourth powers, what the Tate pairing raises to (p - 1) / 4. */
function pairing(): void {
  negate(D, Y);
  sum(D, D, ONE);
  multiplyPair(N, C, S);
  sum(N, N, Y);
  sum(N, N, Y);
  multiplyPair(W, C, D);
  sum(H, R, D);
  sum(H, H, H);
  sum(H, H, W);
  multiplyPair(H, H, N);
  multiplyPair(W, W, C);
  multiplyPair(W, W, R);
  sum(H, H, W);
  squarePair(H, H);
  squarePair(W, N);
  multiplyPair(W, W, N);
  multiplyPair(W, W, H);
  multiplyPair(W, W, D);
  sum(W, W, W);
}

/** Whether both of W's numbers are fourth powers other than 0. */
function areFourthPowers(): bool {
  powerP58(H, W, true);
  squarePair(H, H);
  multiplyPair(H, H, W);
  sum(H, H, MINUS_ONE);
  return isZero(H) && isZero(H + LANE);
}

/**
 * Whether all of the `count` encodings at `bytes`, one or two of 32 bytes with 8 more readable behind the last, are
 * canonical and of points of prime order; the points are then at `out`, 144 bytes each.
 */
export function decodePrimeOrder(out: usize, bytes: usize, count: usize): bool {
  for (let lane: usize = 0; lane < 4; lane++) {
    const encoding = bytes + 32 * min<usize>(lane >> 1, count - 1);
    if (!isCanonical(encoding)) return false;
    unpack(Y + LANE * lane, encoding);
  }
  splat(ONE, 1);
  negate(MINUS_ONE, ONE);
  square(SQUARES, Y);
  multiply(SQUARES, SQUARES, COEFFICIENTS);
  sum(SQUARES, SQUARES, ONE);
  if (!takeRoots(count == 1)) return false;
  everyOther(R, ROOTS, false);
  everyOther(S, ROOTS, true);
  everyOther(Y, Y, false);
  pairing();
  if (!areFourthPowers()) return false;
  // x = sqrt(-1) r / s
  everyOther(X, INVERSES, true);
  multiplyPair(X, X, R);
  multiplyPair(X, X, ROOT);
  return writePoints(out, X, Y, bytes, count);
}
