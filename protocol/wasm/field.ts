/*
 * The field of 2^255 - 19, four elements at a time: an element is 9 limbs of 29 bits, limb i of all four lies in
 * the lanes of one v128, 144 bytes in memory. 2^261 is 64 * 19 = 1216 modulo p.
 *
 * Bounds. "Reduced": every limb below 2^29 + 2^17, which every function here that multiplies or carries leaves.
 * Limbs of the factors of a product may be up to x * 2^29 and y * 2^29 with x * y <= 7: nine products of them
 * and what is carried in stay below 2^64. Negation adds 128p, whose limbs are above those of a reduced element.
 */

/** Bytes of four elements. */
export const BYTES: usize = 144;

/** Limb 0 of 128p plus one, and the other limbs plus one: x XOR all ones plus this is 128p - x. */
export const NEGATE_0: i32 = 0x40000000 - 2432 + 1;
export const NEGATE_I: i32 = 0x40000000 - 2 + 1;

@inline
const LIMB: i64 = 0x1fffffff;

/** Types that stand for the two halves of the lanes, and for lanes 0 and 1 where there is no other half. */
type Low = u32;
type High = u64;
type Pair = u16;

/** The products of two lanes as 64-bit numbers: lanes 0 and 1, or 2 and 3. */
// @ts-expect-error: decorator
@inline
function m<H>(a: v128, b: v128): v128 {
  return sizeof<H>() == sizeof<High>() ? i64x2.extmul_high_i32x4_u(a, b) : i64x2.extmul_low_i32x4_u(a, b);
}

// @ts-expect-error: decorator
@inline
function add(a: v128, b: v128): v128 {
  return i64x2.add(a, b);
}

// @ts-expect-error: decorator
@inline
function low29(a: v128): v128 {
  return v128.and(a, i64x2.splat(LIMB));
}

// @ts-expect-error: decorator
@inline
function high29(a: v128): v128 {
  return i64x2.shr_u(a, 29);
}

/** 1216a for 64-bit lanes below 2^53. */
// @ts-expect-error: decorator
@inline
function fold(a: v128): v128 {
  return add(add(i64x2.shl(a, 10), i64x2.shl(a, 7)), i64x2.shl(a, 6));
}

/** What a half of a product leaves for the other half to be packed with: 9 pairs of limbs. */
const HALF: usize = memory.data(144, 16);

/** Stores limb i of one half; the second half packs it with the first one's, a pair with itself. */
// @ts-expect-error: decorator
@inline
function put<H>(out: usize, limb: v128, at: usize): void {
  if (sizeof<H>() == sizeof<Low>()) v128.store(HALF + at, limb);
  else if (sizeof<H>() == sizeof<Pair>()) v128.store(out + at, v128.shuffle<u32>(limb, limb, 0, 2, 0, 2));
  else v128.store(out + at, v128.shuffle<u32>(v128.load(HALF + at), limb, 0, 2, 4, 6));
}

/** Folds the columns of 2^261 and above onto the others, carries, and stores the half. */
// @ts-expect-error: decorator
@inline
function reduce<H>(
  out: usize,
  c0: v128, c1: v128, c2: v128, c3: v128, c4: v128, c5: v128, c6: v128, c7: v128, c8: v128,
  c9: v128, c10: v128, c11: v128, c12: v128, c13: v128, c14: v128, c15: v128, c16: v128,
): void {
  let r0 = add(c0, fold(low29(c9)));
  let r1 = add(c1, fold(add(low29(c10), high29(c9))));
  let r2 = add(c2, fold(add(low29(c11), high29(c10))));
  let r3 = add(c3, fold(add(low29(c12), high29(c11))));
  let r4 = add(c4, fold(add(low29(c13), high29(c12))));
  let r5 = add(c5, fold(add(low29(c14), high29(c13))));
  let r6 = add(c6, fold(add(low29(c15), high29(c14))));
  let r7 = add(c7, fold(add(low29(c16), high29(c15))));
  let r8 = add(c8, fold(high29(c16)));
  r1 = add(r1, high29(r0));
  r2 = add(r2, high29(r1));
  r3 = add(r3, high29(r2));
  r4 = add(r4, high29(r3));
  r5 = add(r5, high29(r4));
  r6 = add(r6, high29(r5));
  r7 = add(r7, high29(r6));
  r8 = add(r8, high29(r7));
  r0 = add(low29(r0), fold(high29(r8)));
  r1 = add(low29(r1), high29(r0));
  put<H>(out, low29(r0), 0);
  put<H>(out, r1, 16);
  put<H>(out, low29(r2), 32);
  put<H>(out, low29(r3), 48);
  put<H>(out, low29(r4), 64);
  put<H>(out, low29(r5), 80);
  put<H>(out, low29(r6), 96);
  put<H>(out, low29(r7), 112);
  put<H>(out, low29(r8), 128);
}

// @ts-expect-error: decorator
@inline
function multiplyHalf<H>(out: usize, a: usize, b: usize): void {
  const a0 = v128.load(a, 0), a1 = v128.load(a, 16), a2 = v128.load(a, 32);
  const a3 = v128.load(a, 48), a4 = v128.load(a, 64), a5 = v128.load(a, 80);
  const a6 = v128.load(a, 96), a7 = v128.load(a, 112), a8 = v128.load(a, 128);
  const b0 = v128.load(b, 0), b1 = v128.load(b, 16), b2 = v128.load(b, 32);
  const b3 = v128.load(b, 48), b4 = v128.load(b, 64), b5 = v128.load(b, 80);
  const b6 = v128.load(b, 96), b7 = v128.load(b, 112), b8 = v128.load(b, 128);
  const c0 = m<H>(a0, b0);
  let c1 = m<H>(a0, b1);
  c1 = add(c1, m<H>(a1, b0));
  let c2 = m<H>(a0, b2);
  c2 = add(c2, m<H>(a1, b1));
  c2 = add(c2, m<H>(a2, b0));
  let c3 = m<H>(a0, b3);
  c3 = add(c3, m<H>(a1, b2));
  c3 = add(c3, m<H>(a2, b1));
  c3 = add(c3, m<H>(a3, b0));
  let c4 = m<H>(a0, b4);
  c4 = add(c4, m<H>(a1, b3));
  c4 = add(c4, m<H>(a2, b2));
  c4 = add(c4, m<H>(a3, b1));
  c4 = add(c4, m<H>(a4, b0));
  let c5 = m<H>(a0, b5);
  c5 = add(c5, m<H>(a1, b4));
  c5 = add(c5, m<H>(a2, b3));
  c5 = add(c5, m<H>(a3, b2));
  c5 = add(c5, m<H>(a4, b1));
  c5 = add(c5, m<H>(a5, b0));
  let c6 = m<H>(a0, b6);
  c6 = add(c6, m<H>(a1, b5));
  c6 = add(c6, m<H>(a2, b4));
  c6 = add(c6, m<H>(a3, b3));
  c6 = add(c6, m<H>(a4, b2));
  c6 = add(c6, m<H>(a5, b1));
  c6 = add(c6, m<H>(a6, b0));
  let c7 = m<H>(a0, b7);
  c7 = add(c7, m<H>(a1, b6));
  c7 = add(c7, m<H>(a2, b5));
  c7 = add(c7, m<H>(a3, b4));
  c7 = add(c7, m<H>(a4, b3));
  c7 = add(c7, m<H>(a5, b2));
  c7 = add(c7, m<H>(a6, b1));
  c7 = add(c7, m<H>(a7, b0));
  let c8 = m<H>(a0, b8);
  c8 = add(c8, m<H>(a1, b7));
  c8 = add(c8, m<H>(a2, b6));
  c8 = add(c8, m<H>(a3, b5));
  c8 = add(c8, m<H>(a4, b4));
  c8 = add(c8, m<H>(a5, b3));
  c8 = add(c8, m<H>(a6, b2));
  c8 = add(c8, m<H>(a7, b1));
  c8 = add(c8, m<H>(a8, b0));
  let c9 = m<H>(a1, b8);
  c9 = add(c9, m<H>(a2, b7));
  c9 = add(c9, m<H>(a3, b6));
  c9 = add(c9, m<H>(a4, b5));
  c9 = add(c9, m<H>(a5, b4));
  c9 = add(c9, m<H>(a6, b3));
  c9 = add(c9, m<H>(a7, b2));
  c9 = add(c9, m<H>(a8, b1));
  let c10 = m<H>(a2, b8);
  c10 = add(c10, m<H>(a3, b7));
  c10 = add(c10, m<H>(a4, b6));
  c10 = add(c10, m<H>(a5, b5));
  c10 = add(c10, m<H>(a6, b4));
  c10 = add(c10, m<H>(a7, b3));
  c10 = add(c10, m<H>(a8, b2));
  let c11 = m<H>(a3, b8);
  c11 = add(c11, m<H>(a4, b7));
  c11 = add(c11, m<H>(a5, b6));
  c11 = add(c11, m<H>(a6, b5));
  c11 = add(c11, m<H>(a7, b4));
  c11 = add(c11, m<H>(a8, b3));
  let c12 = m<H>(a4, b8);
  c12 = add(c12, m<H>(a5, b7));
  c12 = add(c12, m<H>(a6, b6));
  c12 = add(c12, m<H>(a7, b5));
  c12 = add(c12, m<H>(a8, b4));
  let c13 = m<H>(a5, b8);
  c13 = add(c13, m<H>(a6, b7));
  c13 = add(c13, m<H>(a7, b6));
  c13 = add(c13, m<H>(a8, b5));
  let c14 = m<H>(a6, b8);
  c14 = add(c14, m<H>(a7, b7));
  c14 = add(c14, m<H>(a8, b6));
  let c15 = m<H>(a7, b8);
  c15 = add(c15, m<H>(a8, b7));
  const c16 = m<H>(a8, b8);
  reduce<H>(out, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16);
}

// @ts-expect-error: decorator
@inline
function squareHalf<H>(out: usize, a: usize): void {
  const a0 = v128.load(a, 0), a1 = v128.load(a, 16), a2 = v128.load(a, 32);
  const a3 = v128.load(a, 48), a4 = v128.load(a, 64), a5 = v128.load(a, 80);
  const a6 = v128.load(a, 96), a7 = v128.load(a, 112), a8 = v128.load(a, 128);
  const d0 = i32x4.shl(a0, 1), d1 = i32x4.shl(a1, 1), d2 = i32x4.shl(a2, 1), d3 = i32x4.shl(a3, 1);
  const d4 = i32x4.shl(a4, 1), d5 = i32x4.shl(a5, 1), d6 = i32x4.shl(a6, 1), d7 = i32x4.shl(a7, 1);
  const c0 = m<H>(a0, a0);
  const c1 = m<H>(d0, a1);
  let c2 = m<H>(d0, a2);
  c2 = add(c2, m<H>(a1, a1));
  let c3 = m<H>(d0, a3);
  c3 = add(c3, m<H>(d1, a2));
  let c4 = m<H>(d0, a4);
  c4 = add(c4, m<H>(d1, a3));
  c4 = add(c4, m<H>(a2, a2));
  let c5 = m<H>(d0, a5);
  c5 = add(c5, m<H>(d1, a4));
  c5 = add(c5, m<H>(d2, a3));
  let c6 = m<H>(d0, a6);
  c6 = add(c6, m<H>(d1, a5));
  c6 = add(c6, m<H>(d2, a4));
  c6 = add(c6, m<H>(a3, a3));
  let c7 = m<H>(d0, a7);
  c7 = add(c7, m<H>(d1, a6));
  c7 = add(c7, m<H>(d2, a5));
  c7 = add(c7, m<H>(d3, a4));
  let c8 = m<H>(d0, a8);
  c8 = add(c8, m<H>(d1, a7));
  c8 = add(c8, m<H>(d2, a6));
  c8 = add(c8, m<H>(d3, a5));
  c8 = add(c8, m<H>(a4, a4));
  let c9 = m<H>(d1, a8);
  c9 = add(c9, m<H>(d2, a7));
  c9 = add(c9, m<H>(d3, a6));
  c9 = add(c9, m<H>(d4, a5));
  let c10 = m<H>(d2, a8);
  c10 = add(c10, m<H>(d3, a7));
  c10 = add(c10, m<H>(d4, a6));
  c10 = add(c10, m<H>(a5, a5));
  let c11 = m<H>(d3, a8);
  c11 = add(c11, m<H>(d4, a7));
  c11 = add(c11, m<H>(d5, a6));
  let c12 = m<H>(d4, a8);
  c12 = add(c12, m<H>(d5, a7));
  c12 = add(c12, m<H>(a6, a6));
  let c13 = m<H>(d5, a8);
  c13 = add(c13, m<H>(d6, a7));
  let c14 = m<H>(d6, a8);
  c14 = add(c14, m<H>(a7, a7));
  const c15 = m<H>(d7, a8);
  const c16 = m<H>(a8, a8);
  reduce<H>(out, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16);
}

/** out = a * b, lane by lane; `out` may be a factor. */
export function multiply(out: usize, a: usize, b: usize): void {
  multiplyHalf<Low>(out, a, b);
  multiplyHalf<High>(out, a, b);
}

/** out = a^2, lane by lane, for limbs up to 2^30 + 2^18; `out` may be a. */
export function square(out: usize, a: usize): void {
  squareHalf<Low>(out, a);
  squareHalf<High>(out, a);
}

/** `multiply` of lanes 0 and 1 alone, in half the time; lanes 2 and 3 of `out` repeat them. */
export function multiplyPair(out: usize, a: usize, b: usize): void {
  multiplyHalf<Pair>(out, a, b);
}

/** `square` of lanes 0 and 1 alone, in half the time; lanes 2 and 3 of `out` repeat them. */
export function squarePair(out: usize, a: usize): void {
  squareHalf<Pair>(out, a);
}

/** Carries limbs of any 32 bits once, in place. */
export function carry(a: usize): void {
  const mask = i32x4.splat(<i32>LIMB);
  const v0 = v128.load(a, 0), v1 = v128.load(a, 16), v2 = v128.load(a, 32);
  const v3 = v128.load(a, 48), v4 = v128.load(a, 64), v5 = v128.load(a, 80);
  const v6 = v128.load(a, 96), v7 = v128.load(a, 112), v8 = v128.load(a, 128);
  const top = i32x4.shr_u(v8, 29);
  const folded = i32x4.add(i32x4.add(i32x4.shl(top, 10), i32x4.shl(top, 7)), i32x4.shl(top, 6));
  v128.store(a, i32x4.add(v128.and(v0, mask), folded), 0);
  v128.store(a, i32x4.add(v128.and(v1, mask), i32x4.shr_u(v0, 29)), 16);
  v128.store(a, i32x4.add(v128.and(v2, mask), i32x4.shr_u(v1, 29)), 32);
  v128.store(a, i32x4.add(v128.and(v3, mask), i32x4.shr_u(v2, 29)), 48);
  v128.store(a, i32x4.add(v128.and(v4, mask), i32x4.shr_u(v3, 29)), 64);
  v128.store(a, i32x4.add(v128.and(v5, mask), i32x4.shr_u(v4, 29)), 80);
  v128.store(a, i32x4.add(v128.and(v6, mask), i32x4.shr_u(v5, 29)), 96);
  v128.store(a, i32x4.add(v128.and(v7, mask), i32x4.shr_u(v6, 29)), 112);
  v128.store(a, i32x4.add(v128.and(v8, mask), i32x4.shr_u(v7, 29)), 128);
}
