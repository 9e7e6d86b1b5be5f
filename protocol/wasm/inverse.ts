import { canonical } from "./lanes";

/*
 * 1/z modulo p = 2^255 - 19 by division steps (Bernstein and Yang, "Fast constant-time gcd computation and
 * modular inversion", 2019), in their variable-time form: 29 steps at a time on the low limbs, then the same
 * linear map on the whole numbers. Invariant: f = d * z and g = e * z modulo p.
 */

const STEPS: i32 = 29;
const LIMB: i64 = 0x1fffffff;
const P_0: i64 = 0x1fffffff - 18;
const P_I: i64 = 0x1fffffff;
const P_8: i64 = 0x7fffff;
/** 1/p modulo 2^29: minus the inverse of 19. */
const P_INVERSE: i64 = 0x179435e5;

/** Numbers of 9 limbs of 64 bits, the last one signed. */
const F: usize = memory.data(72, 16);
const G: usize = memory.data(72, 16);
const D: usize = memory.data(72, 16);
const E: usize = memory.data(72, 16);

/** The map of the last 29 steps, times 2^29. */
let u: i64 = 1;
let v: i64 = 0;
let q: i64 = 0;
let r: i64 = 1;

/** 29 division steps on the lowest bits; returns the new eta, which is -delta. */
function steps(start: i64): i64 {
  let eta = start;
  let f = load<i64>(F) | (load<i64>(F, 8) << 29);
  let g = load<i64>(G) | (load<i64>(G, 8) << 29);
  let left: i64 = STEPS;
  let a: i64 = 1,
    b: i64 = 0,
    c: i64 = 0,
    d: i64 = 1;
  while (true) {
    const zeros = ctz<i64>(g | ((<i64>-1) << left));
    g >>= zeros;
    a <<= zeros;
    b <<= zeros;
    eta -= zeros;
    left -= zeros;
    if (left == 0) break;
    if (eta < 0) {
      eta = -eta;
      const f0 = f,
        a0 = a,
        b0 = b;
      f = g;
      g = -f0;
      a = c;
      c = -a0;
      b = d;
      d = -b0;
    }
    // Up to 6 steps at once: f * (2 - f^2) is 1/f modulo 64.
    const limit = min<i64>(min<i64>(eta + 1, left), 6);
    const w = (g * f * (f * f - 2)) & (((<i64>1) << limit) - 1);
    g += f * w;
    c += a * w;
    d += b * w;
  }
  u = a;
  v = b;
  q = c;
  r = d;
  return eta;
}

/** (f, g) = (u f + v g, q f + r g) / 2^29, exactly. */
function updateFG(): void {
  let f = load<i64>(F),
    g = load<i64>(G);
  let carryF = (u * f + v * g) >> 29;
  let carryG = (q * f + r * g) >> 29;
  for (let i: usize = 8; i <= 64; i += 8) {
    f = load<i64>(F + i);
    g = load<i64>(G + i);
    carryF += u * f + v * g;
    carryG += q * f + r * g;
    store<i64>(F + i - 8, carryF & LIMB);
    store<i64>(G + i - 8, carryG & LIMB);
    carryF >>= 29;
    carryG >>= 29;
  }
  store<i64>(F, carryF, 64);
  store<i64>(G, carryG, 64);
}

/** (d, e) = (u d + v e, q d + r e) / 2^29 modulo p; both stay between -2p and p. */
function updateDE(): void {
  const signD = load<i64>(D, 64) >> 63,
    signE = load<i64>(E, 64) >> 63;
  let d = load<i64>(D),
    e = load<i64>(E);
  let carryD = u * d + v * e;
  let carryE = q * d + r * e;
  // Multiples of p that make negative ones larger and the low limb zero.
  let timesD = (u & signD) + (v & signE);
  let timesE = (q & signD) + (r & signE);
  timesD -= (P_INVERSE * carryD + timesD) & LIMB;
  timesE -= (P_INVERSE * carryE + timesE) & LIMB;
  carryD = (carryD + P_0 * timesD) >> 29;
  carryE = (carryE + P_0 * timesE) >> 29;
  for (let i: usize = 8; i <= 64; i += 8) {
    const p = i == 64 ? P_8 : P_I;
    d = load<i64>(D + i);
    e = load<i64>(E + i);
    carryD += u * d + v * e + p * timesD;
    carryE += q * d + r * e + p * timesE;
    store<i64>(D + i - 8, carryD & LIMB);
    store<i64>(E + i - 8, carryE & LIMB);
    carryD >>= 29;
    carryE >>= 29;
  }
  store<i64>(D, carryD, 64);
  store<i64>(E, carryE, 64);
}

function isZero(a: usize): bool {
  let any: i64 = 0;
  for (let i: usize = 0; i <= 64; i += 8) any |= load<i64>(a + i);
  return any == 0;
}

/** Makes the limbs of d times `sign`, plus `times` times p, and carries them. */
function shift(sign: i64, times: i64): void {
  let carried: i64 = 0;
  for (let i: usize = 0; i <= 64; i += 8) {
    const p = i == 0 ? P_0 : i == 64 ? P_8 : P_I;
    carried += load<i64>(D + i) * sign + p * times;
    if (i < 64) {
      store<i64>(D + i, carried & LIMB);
      carried >>= 29;
    }
  }
  store<i64>(D, carried, 64);
}

/** Replaces a lane by its inverse; 0 stays 0. */
export function invert(lane: usize): void {
  memory.copy(G, canonical(lane), 72);
  store<i64>(F, P_0);
  for (let i: usize = 8; i < 64; i += 8) store<i64>(F + i, P_I);
  store<i64>(F, P_8, 64);
  memory.fill(D, 0, 72);
  memory.fill(E, 0, 72);
  store<i64>(E, 1);
  let eta: i64 = -1;
  while (!isZero(G)) {
    eta = steps(eta);
    updateDE();
    updateFG();
  }
  // f is the greatest common divisor up to its sign: 1 or -1, or p when z is 0, and then d is 0.
  shift(load<i64>(F, 64) < 0 ? -1 : 1, 0);
  while (load<i64>(D, 64) < 0) shift(1, 1);
  for (let i: usize = 0; i < 9; i++) store<u32>(lane + 16 * i, <u32>load<i64>(D + 8 * i));
}
