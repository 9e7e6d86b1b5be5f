import { ED25519_TORSION_SUBGROUP } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { portableGroup, type Scalar } from "../../src/group/index.ts";
import { asPoint, bytes, runs } from "./backends.ts";
import * as slow from "./slow-curve.ts";

/*
 * Each step of SPEC.md section 5, "Points of prime order", by BigInt: E is the Montgomery curve, F the curve 2-isogenous
 * to it, phi and psi the isogenies, S a point of order four of F; c is the even root of A + 2.
 */

const { A, D, L, mod, P } = slow;
const E = new slow.Cubic(A, 1n);
const F = new slow.Cubic(-2n * A, A * A - 4n);
const root = slow.squareRoot(A + 2n) ?? 0n;
const c = root & 1n ? P - root : root;
const K = { x: 0n, y: 0n };

function phi(point: slow.Point): slow.Point {
  if (point === undefined || point.x === 0n) return undefined;
  const { x: u, y: v } = point;
  const inverse = slow.invert(u * u);
  return { x: mod(v * v * inverse), y: mod(v * (1n - u * u) * inverse) };
}

function psi(point: slow.Point): slow.Point {
  if (point === undefined || point.x === 0n) return undefined;
  const { x: u, y: v } = point;
  const inverse = slow.invert(8n * u * u);
  return { x: mod(2n * v * v * inverse), y: mod(v * (F.b - u * u) * inverse) };
}

/** The pairing with the point of order four of F that belongs to the given root of A + 2, reduced. */
function pairing(point: slow.Affine, chosen = c): bigint {
  const line = point.y - (chosen + 2n) * (point.x - A - 2n);
  return slow.quartic(mod(line * line * slow.invert(point.x - A - 2n)));
}

/** Not 0, which is the point of order two, nor so near to p that 0 would be the next point. */
const field = fc.bigInt(1n, P - 1000n);
const onE = field.map((x) => E.pointFrom(x));
const onF = field.map((x) => F.pointFrom(x));
/** [L]Q has order 8 for one Q in two. */
const torsionOf8 = [1n, 2n, 3n, 5n, 7n, 9n, 11n, 13n]
  .map((x) => E.multiply(L, E.pointFrom(x)))
  .find((point) => E.multiply(4n, point) !== undefined) as slow.Affine;

/** The y and x of a point of edwards25519 as a point of E (RFC 7748 section 4.1). */
function onMontgomery({ x, y }: slow.Affine): slow.Affine {
  const u = mod((1n + y) * slow.invert(1n - y));
  return { x: u, y: mod((slow.squareRoot(-A - 2n) ?? 0n) * u * slow.invert(x)) };
}

/** (2 D n^3 h^2)^((p - 1) / 4) for the given roots of a and b. */
function formula(y: bigint, r: bigint, s: bigint): bigint {
  const d = 1n - y;
  const n = mod(2n * y + c * s);
  const h = mod(n * (2n * r + (c + 2n) * d) + c * c * r * d);
  return slow.quartic(mod(2n * d * n ** 3n * h ** 2n));
}

const scalar = bytes(64).map((wide) => portableGroup.scalarFromWide(wide));
const torsion = fc.constantFrom(...ED25519_TORSION_SUBGROUP);
const shifted = ([s, by]: [Scalar, string]): Uint8Array =>
  portableGroup.add(portableGroup.baseMul(s), asPoint(Uint8Array.from(Buffer.from(by, "hex"))));

describe("the constants", () => {
  test("A + 2 is c^2, A^2 - 4 no square, d = -(A - 2) / (A + 2)", () => {
    expect(mod(c * c)).toBe(A + 2n);
    expect(c).toBe(9094040566125962849133224048217411091405536248825867518642941381412595940312n);
    expect(slow.isSquare(A * A - 4n)).toBe(false);
    expect(D).toBe(mod((2n - A) * slow.invert(A + 2n)));
    expect([P % 8n, slow.isSquare(2n), slow.isSquare(c * (c + 2n))]).toEqual([5n, false, false]);
  });

  test("E has a point of order eight above (1, c or -c) and (0, 0), so its 2-part is cyclic", () => {
    expect(E.has(torsionOf8)).toBe(true);
    const four = E.multiply(2n, torsionOf8) as slow.Affine;
    expect([four.x, mod(four.y ** 2n)]).toEqual([1n, A + 2n]);
    expect(E.multiply(2n, four)).toEqual({ x: 0n, y: 0n });
  });

  test("S = (c (c + 2), 2 c (c + 2)) lies on F, 2S = (A + 2, 0), the slope there is c + 2", () => {
    const s = { x: mod(c * (c + 2n)), y: mod(2n * c * (c + 2n)) };
    expect(F.has(s)).toBe(true);
    expect(F.add(s, s)).toEqual({ x: A + 2n, y: 0n });
    expect(F.slopeAt(s)).toBe(mod(c + 2n));
  });

  test("the pairing is 1 at K and of order four at phi of a point of order eight; with the odd root it is -1 at K", () => {
    expect(pairing(K)).toBe(1n);
    expect(pairing(phi(torsionOf8) as slow.Affine) ** 2n % P).toBe(P - 1n);
    expect(pairing(K, P - c)).toBe(P - 1n);
  });
});

describe("the isogenies and the pairing", () => {
  test("8L kills E and F, phi and psi are homomorphisms, and compose to doubling", () => {
    fc.assert(
      fc.property(onE, onE, onF, onF, (p, q, r, s) => {
        expect([E.multiply(8n * L, p), F.multiply(8n * L, r)]).toEqual([undefined, undefined]);
        expect(phi(E.add(p, q))).toEqual(F.add(phi(p), phi(q)));
        expect(psi(F.add(r, s))).toEqual(E.add(psi(r), psi(s)));
        expect(psi(phi(p))).toEqual(E.add(p, p));
      }),
      runs(0.05),
    );
  });

  test("the pairing is a homomorphism to the fourth roots of 1", () => {
    fc.assert(
      fc.property(onF, onF, (r, s) => {
        expect(pairing(F.add(r, s) as slow.Affine)).toBe(mod(pairing(r) * pairing(s)));
      }),
    );
  });

  test("psi maps (U, V) to P where u = w^2, U = A + 2u + 2v/w, V = -2wU", () => {
    fc.assert(
      fc.property(onE, (half) => {
        const p = E.add(half, half) as slow.Affine;
        fc.pre(p.x !== 0n);
        const w = slow.squareRoot(p.x) ?? 0n;
        const preimages = [w, P - w].map((sign) => {
          const x = mod(A + 2n * p.x + 2n * p.y * slow.invert(sign));
          return { x, y: mod(-2n * sign * x) };
        });
        for (const preimage of preimages) {
          expect(F.has(preimage)).toBe(true);
          expect(psi(preimage)).toEqual(p);
        }
        expect(preimages[1]).toEqual(F.add(preimages[0], K));
      }),
    );
  });
});

describe("the formula", () => {
  test("is 1 exactly on points of prime order, whichever roots are taken", () => {
    fc.assert(
      fc.property(scalar, torsion, (s, by) => {
        const encoded = shifted([s, by]);
        const point = slow.decodeSlowly(encoded) as slow.Affine;
        const prime = slow.hasPrimeOrderSlowly(encoded);
        expect(prime).toBe(by === ED25519_TORSION_SUBGROUP[0] && !portableGroup.scalarIsZero(s));
        const [a, b] = [1n - point.y ** 2n, 1n + D * point.y ** 2n].map((one) => slow.squareRoot(mod(one)));
        expect(a !== undefined).toBe(slow.isSquare(onMontgomery(point).x));
        expect(b !== undefined).toBe(a !== undefined);
        const { x: u, y: v } = onMontgomery(point);
        const w = slow.squareRoot(u);
        if (w !== undefined && w !== 0n) {
          const x = mod(A + 2n * u + 2n * v * slow.invert(w));
          expect(pairing({ x, y: mod(-2n * w * x) }) === 1n).toBe(prime);
        }
        const signs = (one: bigint | undefined): bigint[] => (one === undefined ? [] : [one, P - one]);
        const values = signs(a).flatMap((rootA) => signs(b).map((rootB) => formula(point.y, rootA, rootB)));
        expect(values.length > 0 && values.every((value) => value === 1n)).toBe(prime);
        expect(values.length > 0 && values.some((value) => value === 1n)).toBe(prime);
      }),
    );
  });
});
