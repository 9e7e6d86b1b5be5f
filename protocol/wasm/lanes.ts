import { BYTES, carry, multiply, multiplyPair, NEGATE_0, NEGATE_I, square, squarePair } from "./field";

/*
 * Single elements in and out of the four lanes: encodings, canonical values, powers and inverses.
 */

const LIMB: i64 = 0x1fffffff;
const TOP: i64 = 0x7fffff;

/** The lane of an element in memory is 4 bytes wide. */
export const LANE: usize = 4;

/** Sets all limbs of one lane from 32 little-endian bytes, without bit 255. `bytes` may be read up to byte 40. */
export function unpack(out: usize, bytes: usize): void {
  for (let i: usize = 0; i < 8; i++) {
    const bit: usize = 29 * i;
    const word = load<u64>(bytes + (bit >> 3)) >> (bit & 7);
    store<u32>(out + 16 * i, <u32>(word & LIMB));
  }
  store<u32>(out, load<u32>(bytes + 29) & <u32>TOP, 128);
}

/** A canonical element: 9 limbs of 64 bits. */
const CANONICAL: usize = memory.data(72, 16);

function carryCanonical(): void {
  for (let i: usize = 0; i < 64; i += 8) {
    const limb = load<i64>(CANONICAL + i);
    store<i64>(CANONICAL + i, limb & LIMB);
    store<i64>(CANONICAL + i, load<i64>(CANONICAL + i, 8) + (limb >> 29), 8);
  }
}

/** The value of a lane below p, as limbs in CANONICAL, whose address it returns. Any limbs of 32 bits. */
export function canonical(lane: usize): usize {
  for (let i: usize = 0; i < 9; i++) store<i64>(CANONICAL + 8 * i, load<u32>(lane + 16 * i));
  // Twice: after the first round the value is below 2^255 + 2^32 * 19.
  for (let round = 0; round < 2; round++) {
    carryCanonical();
    const top = load<i64>(CANONICAL, 64);
    store<i64>(CANONICAL, top & TOP, 64);
    store<i64>(CANONICAL, load<i64>(CANONICAL) + 19 * (top >> 23));
  }
  carryCanonical();
  // Below 2^255 now. It is p or more exactly if adding 19 reaches 2^255; then that bit goes and 19 stays.
  let more = load<i64>(CANONICAL) + 19;
  for (let i: usize = 8; i <= 64; i += 8) more = load<i64>(CANONICAL + i) + (more >> 29);
  if (more >> 23) {
    store<i64>(CANONICAL, load<i64>(CANONICAL) + 19);
    carryCanonical();
    store<i64>(CANONICAL, load<i64>(CANONICAL, 64) & TOP, 64);
  }
  return CANONICAL;
}

/** The little-endian encoding of a lane's canonical value; writes 37 bytes, of which 32 count. Returns its parity. */
export function pack(bytes: usize, lane: usize): i32 {
  const limbs = canonical(lane);
  memory.fill(bytes, 0, 37);
  for (let i: usize = 0; i < 9; i++) {
    const bit: usize = 29 * i;
    const at = bytes + (bit >> 3);
    store<u64>(at, load<u64>(at) | (load<u64>(limbs + 8 * i) << (bit & 7)));
  }
  return <i32>load<i64>(limbs) & 1;
}

/** Whether a lane is 0 modulo p. */
export function isZero(lane: usize): bool {
  const limbs = canonical(lane);
  let any: i64 = 0;
  for (let i: usize = 0; i < 9; i++) any |= load<i64>(limbs + 8 * i);
  return any == 0;
}

/** out = -a, carried; a reduced. */
export function negate(out: usize, a: usize): void {
  const ones = i32x4.splat(-1);
  v128.store(out, i32x4.add(v128.xor(v128.load(a), ones), i32x4.splat(NEGATE_0)));
  for (let i: usize = 16; i < BYTES; i += 16) {
    v128.store(out + i, i32x4.add(v128.xor(v128.load(a + i), ones), i32x4.splat(NEGATE_I)));
  }
  carry(out);
}

/** out = a + b, carried. */
export function sum(out: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < BYTES; i += 16) {
    v128.store(out + i, i32x4.add(v128.load(a + i), v128.load(b + i)));
  }
  carry(out);
}

/** out = the small number n in all lanes. */
export function splat(out: usize, n: i32): void {
  v128.store(out, i32x4.splat(n));
  for (let i: usize = 16; i < BYTES; i += 16) v128.store(out + i, i32x4.splat(0));
}

/** out = a * b in all lanes, or in the first two. */
// @ts-expect-error: decorator
@inline
function times(out: usize, a: usize, b: usize, pair: bool): void {
  if (pair) multiplyPair(out, a, b);
  else multiply(out, a, b);
}

/** out = a^(2^n), n >= 1. */
function squareTimes(out: usize, a: usize, n: i32, pair: bool): void {
  if (pair) {
    squarePair(out, a);
    for (let i = 1; i < n; i++) squarePair(out, out);
  } else {
    square(out, a);
    for (let i = 1; i < n; i++) square(out, out);
  }
}

const T0: usize = memory.data(144, 16);
const T1: usize = memory.data(144, 16);
const T2: usize = memory.data(144, 16);

/**
 * out = a^((p - 5) / 8) = a^(2^252 - 3), by exponents 2^n - 1. `pair`: of lanes 0 and 1 alone, in half the time;
 * lanes 2 and 3 of `out` repeat them.
 */
export function powerP58(out: usize, a: usize, pair: bool): void {
  squareTimes(T0, a, 1, pair);
  squareTimes(T1, T0, 2, pair);
  times(T1, T1, a, pair);
  times(T0, T0, T1, pair); // 11
  squareTimes(T0, T0, 1, pair);
  times(T0, T0, T1, pair); // 2^5 - 1
  squareTimes(T1, T0, 5, pair);
  times(T0, T1, T0, pair); // 2^10 - 1
  squareTimes(T1, T0, 10, pair);
  times(T1, T1, T0, pair); // 2^20 - 1
  squareTimes(T2, T1, 20, pair);
  times(T1, T2, T1, pair); // 2^40 - 1
  squareTimes(T1, T1, 10, pair);
  times(T0, T1, T0, pair); // 2^50 - 1
  squareTimes(T1, T0, 50, pair);
  times(T1, T1, T0, pair); // 2^100 - 1
  squareTimes(T2, T1, 100, pair);
  times(T1, T2, T1, pair); // 2^200 - 1
  squareTimes(T1, T1, 50, pair);
  times(T0, T1, T0, pair); // 2^250 - 1
  squareTimes(T0, T0, 2, pair);
  times(out, T0, a, pair); // 2^252 - 3
}
