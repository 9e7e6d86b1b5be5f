import { BYTES, multiply, square } from "./field";
import { invert } from "./inverse";
import { isZero, LANE, negate, pack, powerP58, splat, sum, unpack } from "./lanes";

/*
 * Decoding and encoding of points, RFC 8032 sections 5.1.2 and 5.1.3; four at a time, one in each lane. That an
 * encoding is canonical and of prime order is for the caller to have checked.
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

/** A square root of -1: 2^((p - 1) / 4). */
const ROOT: usize = memory.data<i32>(
  [
    0x0a0ea0b0, 0x0770d93a, 0x0bf91e31, 0x06300d5a, 0x1d7a72f4, 0x004c9efd, 0x1c2cad34, 0x1009f83b,
    0x002b8324,
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
function candidates(): void {
  square(W, V);
  multiply(W, W, V);
  multiply(X, W, U);
  square(W, W);
  multiply(W, W, V);
  multiply(W, W, U);
  powerP58(W, W);
  multiply(X, X, W);
}

/** Makes the lane of W one, or the root of -1, by which the candidate must be multiplied; false without a root. */
function correction(lane: usize): bool {
  // V holds v * x^2 - u, ONE holds v * x^2 + u.
  const right = isZero(V + lane);
  if (!right && !isZero(ONE + lane)) return false;
  for (let i: usize = 0; i < 9; i++) {
    store<u32>(W + lane + 16 * i, right ? <u32>(i == 0) : load<u32>(ROOT + 4 * i));
  }
  return true;
}

/**
 * Decodes four encodings, 32 bytes each with 8 more readable behind the last, to points at `out`, 144 bytes each.
 * False when one of them is not on the curve.
 */
export function decode(out: usize, bytes: usize): bool {
  for (let lane: usize = 0; lane < 4; lane++) unpack(Y + LANE * lane, bytes + 32 * lane);
  square(U, Y);
  multiply(V, U, CURVE_D);
  splat(ONE, 1);
  sum(V, V, ONE);
  negate(ONE, ONE);
  sum(U, U, ONE);
  candidates();
  square(W, X);
  multiply(V, V, W);
  sum(ONE, V, U);
  negate(U, U);
  sum(V, V, U);
  for (let lane: usize = 0; lane < 4; lane++) if (!correction(LANE * lane)) return false;
  multiply(X, X, W);
  negate(U, X);
  for (let lane: usize = 0; lane < 4; lane++) {
    const sign = <i32>(load<u8>(bytes + 32 * lane + 31) >> 7);
    const at = LANE * lane;
    if (sign != pack(CHECK, X + at)) {
      if (isZero(X + at)) return false;
      copyLane(X + at, U + at);
    }
  }
  multiply(W, X, Y);
  for (let lane: usize = 0; lane < 4; lane++) {
    const at = LANE * lane;
    const point = out + BYTES * lane;
    copyLane(point, X + at);
    copyLane(point + LANE, Y + at);
    for (let i: usize = 0; i < 9; i++) store<u32>(point + 2 * LANE + 16 * i, <u32>(i == 0));
    copyLane(point + 3 * LANE, W + at);
  }
  return true;
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
