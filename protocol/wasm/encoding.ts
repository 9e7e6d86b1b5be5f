import { BYTES, multiply, square } from "./field";
import { invert } from "./inverse";
import { isZero, LANE, negate, pack, powerP58, splat, sum, unpack } from "./lanes";

/*
 * Decoding and encoding of points, RFC 8032 sections 5.1.2 and 5.1.3; four at a time, one in each lane. That an
 * encoding is canonical and of prime order is for the caller to have checked: subgroup.ts checks it.
 */

/** The curve's d in all lanes. */
const CURVE_D: usize = memory.data<i32>(
  [
    0x135978a3, 0x135978a3, 0x135978a3, 0x135978a3, 0x0f5a6e50, 0x0f5a6e50, 0x0f5a6e50, 0x0f5a6e50,
    0x10762add, 0x10762add, 0x10762add, 0x10762add, 0x00149a82, 0x00149a82, 0x00149a82, 0x00149a82,
    0x1e898007, 0x1e898007, 0x1e898007, 0x1e898007, 0x003cbbbc, 0x003cbbbc, 0x003cbbbc, 0x003cbbbc,
    0x19ce331d, 0x19ce331d, 0x19ce331d, 0x19ce331d, 0x1dc56dff, 0x1dc56dff, 0x1dc56dff, 0x1dc56dff,
    0x0052036c, 0x0052036c, 0x0052036c, 0x0052036c,
  ],
  16,
);

/** A square root of -1, 2^((p - 1) / 4), in all lanes. */
export const ROOT: usize = memory.data<i32>(
  [
    0x0a0ea0b0, 0x0a0ea0b0, 0x0a0ea0b0, 0x0a0ea0b0, 0x0770d93a, 0x0770d93a, 0x0770d93a, 0x0770d93a,
    0x0bf91e31, 0x0bf91e31, 0x0bf91e31, 0x0bf91e31, 0x06300d5a, 0x06300d5a, 0x06300d5a, 0x06300d5a,
    0x1d7a72f4, 0x1d7a72f4, 0x1d7a72f4, 0x1d7a72f4, 0x004c9efd, 0x004c9efd, 0x004c9efd, 0x004c9efd,
    0x1c2cad34, 0x1c2cad34, 0x1c2cad34, 0x1c2cad34, 0x1009f83b, 0x1009f83b, 0x1009f83b, 0x1009f83b,
    0x002b8324, 0x002b8324, 0x002b8324, 0x002b8324,
  ],
  16,
);

const Y: usize = memory.data(144, 16);
const X: usize = memory.data(144, 16);
const U: usize = memory.data(144, 16);
const V: usize = memory.data(144, 16);
const W: usize = memory.data(144, 16);
const ONE: usize = memory.data(144, 16);
const CHECK: usize = memory.data(48, 16);

function copyLane(out: usize, a: usize): void {
  for (let i: usize = 0; i < BYTES; i += 16) store<u32>(out + i, load<u32>(a + i));
}

/** X = u * v^3 * (u * v^7)^((p - 5) / 8), a square root of +-u/v where there is one (RFC 8032 section 5.1.3). */
function candidates(pair: bool): void {
  square(W, V);
  multiply(W, W, V);
  multiply(X, W, U);
  square(W, W);
  multiply(W, W, V);
  multiply(W, W, U);
  powerP58(W, W, pair);
  multiply(X, X, W);
}

/**
 * Makes a lane of `factor` one where that of `difference` is zero, the root of -1 where that of `total` is; false
 * where neither is.
 */
export function correction(factor: usize, difference: usize, total: usize): bool {
  const right = isZero(difference);
  if (!right && !isZero(total)) return false;
  for (let i: usize = 0; i < 9; i++) {
    store<u32>(factor + 16 * i, right ? <u32>(i == 0) : load<u32>(ROOT + 16 * i));
  }
  return true;
}

/**
 * Writes the first `count` lanes' points (x, y) to `out`, 144 bytes each, and changes x to the signs of their encodings
 * at `bytes`. False when a sign is that of -0.
 */
export function writePoints(out: usize, x: usize, y: usize, bytes: usize, count: usize): bool {
  negate(U, x);
  for (let lane: usize = 0; lane < count; lane++) {
    const sign = <i32>(load<u8>(bytes + 32 * lane + 31) >> 7);
    const at = LANE * lane;
    if (sign != pack(CHECK, x + at)) {
      if (isZero(x + at)) return false;
      copyLane(x + at, U + at);
    }
  }
  multiply(W, x, y);
  for (let lane: usize = 0; lane < count; lane++) {
    const at = LANE * lane;
    const point = out + BYTES * lane;
    copyLane(point, x + at);
    copyLane(point + LANE, y + at);
    for (let i: usize = 0; i < 9; i++) store<u32>(point + 2 * LANE + 16 * i, <u32>(i == 0));
    copyLane(point + 3 * LANE, W + at);
  }
  return true;
}

/**
 * Decodes four encodings, 32 bytes each with 8 more readable behind the last, to points at `out`, 144 bytes each.
 * `pair`: the first two alone, in little more than half the time. False when one of them is not on the curve.
 */
export function decode(out: usize, bytes: usize, pair: bool): bool {
  for (let lane: usize = 0; lane < 4; lane++) unpack(Y + LANE * lane, bytes + 32 * (pair ? lane & 1 : lane));
  square(U, Y);
  multiply(V, U, CURVE_D);
  splat(ONE, 1);
  sum(V, V, ONE);
  negate(ONE, ONE);
  sum(U, U, ONE);
  candidates(pair);
  square(W, X);
  multiply(V, V, W);
  // v * x^2 + u and v * x^2 - u.
  sum(ONE, V, U);
  negate(U, U);
  sum(V, V, U);
  for (let at: usize = 0; at < 4 * LANE; at += LANE) if (!correction(W + at, V + at, ONE + at)) return false;
  multiply(X, X, W);
  return writePoints(out, X, Y, bytes, pair ? 2 : 4);
}

/** The encoding of a point; writes 37 bytes, of which 32 count. */
export function encode(bytes: usize, point: usize): void {
  copyLane(X, point + 2 * LANE);
  invert(X);
  for (let lane: usize = 1; lane < 4; lane++) copyLane(X + LANE * lane, X);
  multiply(X, X, point);
  const sign = pack(bytes, X);
  pack(bytes, X + LANE);
  store<u8>(bytes + 31, load<u8>(bytes + 31) | <u8>(sign << 7));
}
