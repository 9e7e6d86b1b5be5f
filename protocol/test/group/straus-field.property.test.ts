import { ed25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as field from "./straus.ts";

/*
 * The module's field against BigInt and against noble's, by its limbs: biased to the bounds that field.ts states,
 * where columns are fullest and carries run furthest.
 */

const { Fp } = ed25519.Point;
const P = Fp.ORDER;
const REDUCED_MAX = 2 ** 29 + 2 ** 17 - 1;

/** Elements with limbs up to `times` those of a reduced one. */
const limbs = (times: number): fc.Arbitrary<field.Element> => {
  const max = Math.min(times * REDUCED_MAX, 2 ** 32 - 1);
  const edges = [0, 1, 18, 19, 2 ** 23 - 1, 2 ** 23, 2 ** 29 - 19, 2 ** 29 - 1, 2 ** 29, max - 1, max];
  const limb = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...edges) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max }) },
  );
  return fc.oneof(
    { weight: 6, arbitrary: fc.array(limb, { minLength: field.LIMBS, maxLength: field.LIMBS }) },
    { weight: 1, arbitrary: limb.map((one) => new Array<number>(field.LIMBS).fill(one)) },
    { weight: 2, arbitrary: nearP.map((value) => split(value)) },
  );
};

/** Values about 0, p, 2p and the ends of the representation. */
const nearP: fc.Arbitrary<bigint> = fc
  .tuple(fc.constantFrom(0n, P, 2n * P, 2n ** 255n, 2n ** 254n, 2n ** 261n), fc.bigInt(-40n, 40n))
  .map(([center, offset]) => center + offset)
  .filter((value) => value >= 0n && value < 2n ** 261n);

function split(value: bigint): field.Element {
  return Array.from({ length: field.LIMBS }, (_, i) => Number((value >> BigInt(29 * i)) & 0x1fffffffn));
}

const four = (times: number): fc.Arbitrary<field.Four> =>
  fc.tuple(limbs(times), limbs(times), limbs(times), limbs(times));

const values = (elements: field.Four): bigint[] => elements.map((element) => field.numberOf(element));

function expectReduced({ limbs: all }: field.Result): void {
  for (const limb of all.flat()) expect(limb).toBeLessThanOrEqual(REDUCED_MAX);
}

describe("the field of the Straus module", () => {
  // The factors of point addition and doubling stay within these; field.ts allows 7 in all.
  test.each([
    [1, 1],
    [2, 2],
    [3, 1],
    [5, 1],
    [7, 1],
    [1, 7],
    [2, 3],
  ])("multiplies limbs of %i times the reduced ones by %i times", (x, y) => {
    fc.assert(
      fc.property(four(x), four(y), (a, b) => {
        const product = field.multiply(a, b);
        const [u, v] = [values(a), values(b)];
        expectReduced(product);
        expect(product.values).toEqual(u.map((one, i) => (one * (v[i] ?? 0n)) % P));
        expect(product.values).toEqual(u.map((one, i) => Fp.mul(Fp.create(one), Fp.create(v[i] ?? 0n))));
      }),
    );
  });

  test("multiplies the fullest limbs", () => {
    const full = (times: number): field.Four => {
      const element = new Array<number>(field.LIMBS).fill(times * REDUCED_MAX);
      return [element, element, element, element];
    };
    for (const [x, y] of [
      [7, 1],
      [1, 7],
      [3, 2],
      [2, 3],
    ] as const) {
      const product = field.multiply(full(x), full(y));
      expectReduced(product);
      expect(product.values).toEqual(values(full(x)).map((one, i) => (one * (values(full(y))[i] ?? 0n)) % P));
    }
  });

  test("squares", () => {
    fc.assert(
      fc.property(four(2), (a) => {
        const result = field.square(a);
        expectReduced(result);
        expect(result.values).toEqual(values(a).map((one) => one ** 2n % P));
        expect(result.values).toEqual(values(a).map((one) => Fp.sqr(Fp.create(one))));
      }),
    );
  });

  test.each([
    [1, 1],
    [7, 1],
    [1, 7],
    [2, 3],
  ])("multiplies pairs as it does fours, limbs of %i times the reduced ones by %i times", (x, y) => {
    fc.assert(
      fc.property(four(x), four(y), (a, b) => {
        const [product, all] = [field.multiplyPair(a, b), field.multiply(a, b)];
        expectReduced(product);
        const [first, second] = values(a).map((one, i) => (one * (values(b)[i] ?? 0n)) % P);
        expect(product.values).toEqual([first, second, first, second]);
        expect(product.limbs).toEqual([0, 1, 0, 1].map((lane) => all.limbs[lane]));
      }),
    );
  });

  test("squares pairs as it does fours", () => {
    fc.assert(
      fc.property(four(2), (a) => {
        const [result, all] = [field.squarePair(a), field.square(a)];
        expectReduced(result);
        const [first, second] = values(a).map((one) => one ** 2n % P);
        expect(result.values).toEqual([first, second, first, second]);
        expect(result.limbs).toEqual([0, 1, 0, 1].map((lane) => all.limbs[lane]));
      }),
    );
  });

  test("negates", () => {
    fc.assert(
      fc.property(four(1), (a) => {
        const result = field.negate(a);
        expectReduced(result);
        expect(result.values).toEqual(values(a).map((one) => Fp.neg(Fp.create(one))));
      }),
    );
  });

  test("carries and packs any limbs of 32 bits", () => {
    fc.assert(
      fc.property(four(8), (a) => {
        const result = field.carry(a);
        expectReduced(result);
        expect(result.values).toEqual(values(a).map((one) => one % P));
      }),
    );
  });

  test("inverts, and leaves zero", () => {
    fc.assert(
      fc.property(four(1), (a) => {
        const result = field.invert(a);
        expectReduced(result);
        expect(result.values).toEqual(values(a).map((one) => (one % P === 0n ? 0n : Fp.inv(Fp.create(one)))));
      }),
    );
  });

  test("unpacks 255 bits and packs them modulo p", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      nearP.filter((value) => value < 2n ** 256n).map(field.littleEndian),
    );
    fc.assert(
      fc.property(fc.tuple(bytes, bytes, bytes, bytes), (encoded) => {
        const expected = encoded.map((one) => field.fromLittleEndian(one) & (2n ** 255n - 1n));
        const result = field.unpack(encoded);
        expectReduced(result);
        expect(result.limbs.map((one) => field.numberOf(one))).toEqual(expected);
        expect(result.values).toEqual(expected.map((one) => one % P));
      }),
    );
  });
});
