import { BYTES, carry, multiply, NEGATE_0, NEGATE_I, square } from "./field";

/*
 * Points of the twisted Edwards curve -x^2 + y^2 = 1 + d x^2 y^2 in extended coordinates (RFC 8032 section 5.1.4):
 * (X : Y : Z : T), x = X/Z, y = Y/Z, T = XY/Z, one in each lane, all reduced. The four multiplications of each
 * stage run side by side, as in Hisil, Wong, Carter and Dawson, "Twisted Edwards Curves Revisited" (2008).
 * Addition is complete on this curve: identity, equal and opposite points take no other path.
 *
 * A point that is added many times is "cached": (Y - X, Y + X, 2Z, 2dT).
 */

/** The identity, (0 : 1 : 1 : 0). */
export const IDENTITY: usize = memory.data<i32>([
  0, 1, 1, 0,
  0, 0, 0, 0,
  0, 0, 0, 0,
  0, 0, 0, 0,
  0, 0, 0, 0,
  0, 0, 0, 0,
  0, 0, 0, 0,
  0, 0, 0, 0,
  0, 0, 0, 0,
], 16);

/** The base point B of RFC 8032 section 5.1. */
export const GENERATOR: usize = memory.data<i32>([
  0x0f25d51a, 0x06666658, 0x00000001, 0x05b7dda3,
  0x0ab16b04, 0x13333333, 0x00000000, 0x0ef4559d,
  0x0969ecb2, 0x19999999, 0x00000000, 0x1454bd5b,
  0x198ec12a, 0x0ccccccc, 0x00000000, 0x013f00ee,
  0x0dc5c692, 0x06666666, 0x00000000, 0x1e37d20f,
  0x1118feeb, 0x13333333, 0x00000000, 0x07473255,
  0x0ffb0293, 0x19999999, 0x00000000, 0x19959ba9,
  0x1a79adca, 0x0ccccccc, 0x00000000, 0x01faf16e,
  0x00216936, 0x00666666, 0x00000000, 0x0067875f,
], 16);

/** (1, 1, 2, 2d). */
const CACHING: usize = memory.data<i32>([
  1, 1, 2, 0x06b2f159,
  0, 0, 0, 0x1eb4dca1,
  0, 0, 0, 0x00ec55ba,
  0, 0, 0, 0x00293505,
  0, 0, 0, 0x1d13000e,
  0, 0, 0, 0x00797779,
  0, 0, 0, 0x139c663a,
  0, 0, 0, 0x1b8adbff,
  0, 0, 0, 0x002406d9,
], 16);

const LEFT: usize = memory.data(144, 16);
const RIGHT: usize = memory.data(144, 16);

/** Minus one in the given lanes: XOR with it, and one more, is negation. */
// @ts-expect-error: decorator
@inline
function lanes(a: i32, b: i32, c: i32, d: i32): v128 {
  return i32x4(-a, -b, -c, -d);
}

/** RIGHT = (Y - X, Y + X, Z, T), limbs up to 3 * 2^29. `negate` exchanges the first two. */
// @ts-expect-error: decorator
@inline
function spread(p: usize, negate: bool): void {
  const minus = negate ? lanes(0, 1, 0, 0) : lanes(1, 0, 0, 0);
  for (let i: usize = 0; i < BYTES; i += 16) {
    const limb = v128.load(p + i);
    const y = v128.shuffle<u32>(limb, limb, 1, 1, 2, 3);
    const x = v128.shuffle<u32>(limb, limb, 0, 0, 0, 0);
    const n = i == 0 ? NEGATE_0 : NEGATE_I;
    const signed = v128.and(v128.xor(x, minus), lanes(1, 1, 0, 0));
    store<v128>(RIGHT + i, i32x4.add(i32x4.add(y, signed), v128.and(minus, i32x4.splat(n))));
  }
}

/** out = the point p for additions. */
export function cache(out: usize, p: usize): void {
  spread(p, false);
  multiply(out, RIGHT, CACHING);
}

/** out = 2p. */
export function double(out: usize, p: usize): void {
  for (let i: usize = 0; i < BYTES; i += 16) {
    const limb = v128.load(p + i);
    const y = v128.shuffle<u32>(limb, limb, 1, 1, 1, 1);
    const xyzx = v128.shuffle<u32>(limb, limb, 0, 1, 2, 0);
    v128.store(LEFT + i, i32x4.add(xyzx, v128.and(y, lanes(0, 0, 0, 1))));
  }
  // (X^2, Y^2, Z^2, (X + Y)^2)
  square(LEFT, LEFT);
  for (let i: usize = 0; i < BYTES; i += 16) {
    const n = i32x4.splat(i == 0 ? NEGATE_0 : NEGATE_I);
    const limb = v128.load(LEFT + i);
    const xx = v128.shuffle<u32>(limb, limb, 0, 0, 0, 0);
    const yy = v128.shuffle<u32>(limb, limb, 1, 1, 1, 1);
    const zz = v128.and(v128.shuffle<u32>(limb, limb, 2, 2, 2, 2), lanes(1, 0, 1, 0));
    const ss = v128.shuffle<u32>(limb, limb, 3, 3, 3, 3);
    // (F, H, F, H) = (2Z^2 + X^2 - Y^2, X^2 + Y^2, ...)
    const f = i32x4.add(xx, v128.xor(yy, lanes(1, 0, 1, 0)));
    const twice = i32x4.add(i32x4.shl(zz, 1), v128.and(n, lanes(1, 0, 1, 0)));
    v128.store(LEFT + i, i32x4.add(f, twice));
    // (E, G, G, E) = (X^2 + Y^2 - (X + Y)^2, X^2 - Y^2, ...)
    const g = i32x4.add(xx, v128.xor(yy, lanes(0, 1, 1, 0)));
    const e = v128.and(v128.not(ss), lanes(1, 0, 0, 1));
    v128.store(RIGHT + i, i32x4.add(i32x4.add(g, e), n));
  }
  carry(RIGHT);
  multiply(out, LEFT, RIGHT);
}

/** out = p + q for a cached q, or p - q. */
// @ts-expect-error: decorator
@inline
function combine(out: usize, p: usize, cached: usize, negate: bool): void {
  spread(p, negate);
  // (A, B, D, C); with -q, B and A and the sign of C are exchanged.
  multiply(RIGHT, RIGHT, cached);
  const minus = negate ? lanes(1, 0, 1, 0) : lanes(1, 1, 0, 0);
  for (let i: usize = 0; i < BYTES; i += 16) {
    const limb = v128.load(RIGHT + i);
    const first = negate
      ? v128.shuffle<u32>(limb, limb, 0, 2, 2, 0)
      : v128.shuffle<u32>(limb, limb, 1, 2, 2, 1);
    const second = negate
      ? v128.shuffle<u32>(limb, limb, 1, 3, 3, 1)
      : v128.shuffle<u32>(limb, limb, 0, 3, 3, 0);
    const n = v128.and(minus, i32x4.splat(i == 0 ? NEGATE_0 : NEGATE_I));
    v128.store(RIGHT + i, i32x4.add(i32x4.add(first, v128.xor(second, minus)), n));
  }
  // (E, F, G, H) = (B - A, D - C, D + C, B + A)
  carry(RIGHT);
  for (let i: usize = 0; i < BYTES; i += 16) {
    const limb = v128.load(RIGHT + i);
    v128.store(LEFT + i, v128.shuffle<u32>(limb, limb, 0, 2, 1, 0));
    v128.store(RIGHT + i, v128.shuffle<u32>(limb, limb, 1, 3, 2, 3));
  }
  multiply(out, LEFT, RIGHT);
}

/** out = p + q for a cached q. */
export function add(out: usize, p: usize, cached: usize): void {
  combine(out, p, cached, false);
}

/** out = p - q for a cached q. */
export function subtract(out: usize, p: usize, cached: usize): void {
  combine(out, p, cached, true);
}
