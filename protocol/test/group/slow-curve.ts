import { fromLittleEndian } from "./straus.ts";

/*
 * edwards25519 and its Montgomery curve by BigInt and by the book, sharing nothing with the code under test: what
 * SPEC.md says about points of prime order is checked with it. Slow.
 */

export const P: bigint = 2n ** 255n - 19n;
export const L: bigint = 2n ** 252n + 27742317777372353535851937790883648493n;
/** The curve v^2 = u^3 + A u^2 + u of RFC 7748 section 4.1. */
export const A = 486662n;

export const mod = (a: bigint): bigint => ((a % P) + P) % P;

export function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = mod(base);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

export const invert = (a: bigint): bigint => power(a, P - 2n);
/** The d of RFC 8032 section 5.1. */
export const D: bigint = mod(-121665n * invert(121666n));
export const ROOT_OF_MINUS_ONE: bigint = power(2n, (P - 1n) / 4n);
/** a^((p - 1) / 4): 1 exactly for fourth powers. */
export const quartic = (a: bigint): bigint => power(a, (P - 1n) / 4n);
export const isSquare = (a: bigint): boolean => power(a, (P - 1n) / 2n) <= 1n;

/** A square root; undefined where there is none. */
export function squareRoot(a: bigint): bigint | undefined {
  const candidate = power(a, (P + 3n) / 8n);
  return [candidate, mod(candidate * ROOT_OF_MINUS_ONE)].find((root) => mod(root * root - a) === 0n);
}

export interface Affine {
  readonly x: bigint;
  readonly y: bigint;
}

/** RFC 8032 section 5.1.3, with every refusal of its. */
export function decodeSlowly(bytes: Uint8Array): Affine | undefined {
  const sign = BigInt((bytes[31] ?? 0) >> 7);
  const y = fromLittleEndian(bytes) & (2n ** 255n - 1n);
  if (y >= P) return undefined;
  const x = squareRoot(mod((y * y - 1n) * invert(D * y * y + 1n)));
  if (x === undefined || (x === 0n && sign === 1n)) return undefined;
  return { x: (x & 1n) === sign ? x : P - x, y };
}

/** (X : Y : Z) with the addition law of Edwards curves, which is complete here (RFC 8032 section 5.1.4). */
type Projective = readonly [bigint, bigint, bigint];

function addProjective([x, y, z]: Projective, [u, v, w]: Projective): Projective {
  const zz = mod(z * w);
  const dxy = mod(D * mod(x * u) * mod(y * v));
  const [f, g] = [mod(zz * zz - dxy), mod(zz * zz + dxy)];
  return [mod(zz * f * mod(x * v + y * u)), mod(zz * g * mod(y * v + x * u)), mod(f * g)];
}

/** Whether [L]P is the identity and P is not: the definition of prime order. */
export function hasPrimeOrderSlowly(bytes: Uint8Array): boolean {
  const point = decodeSlowly(bytes);
  if (point === undefined || point.y === 1n) return false;
  let sum: Projective = [0n, 1n, 1n];
  let multiple: Projective = [point.x, point.y, 1n];
  for (let rest = L; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = addProjective(sum, multiple);
    multiple = addProjective(multiple, multiple);
  }
  const [x, y, z] = sum;
  return x === 0n && y === z;
}

/** A point of y^2 = x (x^2 + a x + b); undefined at infinity. */
export type Point = Affine | undefined;

/** The group of y^2 = x (x^2 + a x + b) by chords and tangents. */
export class Cubic {
  readonly a: bigint;
  readonly b: bigint;

  constructor(a: bigint, b: bigint) {
    this.a = a;
    this.b = b;
  }

  has(point: Affine): boolean {
    return mod(point.y ** 2n - point.x * (point.x ** 2n + this.a * point.x + this.b)) === 0n;
  }

  /** The slope of the tangent. */
  slopeAt({ x, y }: Affine): bigint {
    return mod((3n * x * x + 2n * this.a * x + this.b) * invert(2n * y));
  }

  add(p: Point, q: Point): Point {
    if (p === undefined) return q;
    if (q === undefined) return p;
    if (p.x === q.x && mod(p.y + q.y) === 0n) return undefined;
    const slope = p.x === q.x ? this.slopeAt(p) : mod((q.y - p.y) * invert(q.x - p.x));
    const x = mod(slope * slope - this.a - p.x - q.x);
    return { x, y: mod(slope * (p.x - x) - p.y) };
  }

  multiply(scalar: bigint, point: Point): Point {
    let sum: Point;
    let multiple = point;
    for (let rest = scalar; rest > 0n; rest >>= 1n) {
      if (rest & 1n) sum = this.add(sum, multiple);
      multiple = this.add(multiple, multiple);
    }
    return sum;
  }

  /** The first point whose x is at least the given number. */
  pointFrom(x: bigint): Affine {
    for (let at = mod(x); ; at++) {
      const y = squareRoot(mod(at * (at * at + this.a * at + this.b)));
      if (y !== undefined) return { x: at, y };
    }
  }
}
