import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Group, type Point, portableGroup, type Scalar } from "../../src/group/index.ts";
import { bytes, fastGroup, nodeVerify, runs } from "./backends.ts";
import { largestScalar } from "./encodings.ts";

/** Scalars with the edges well represented. */
const scalar: fc.Arbitrary<Scalar> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 2, 8, 65535).map((n) => portableGroup.scalarFromNumber(n)) },
  { weight: 1, arbitrary: fc.constant(largestScalar as Scalar) },
  { weight: 4, arbitrary: bytes(64).map((wide) => portableGroup.scalarFromWide(wide)) },
);

const point: fc.Arbitrary<Point> = scalar.map((s) => (fastGroup ?? portableGroup).baseMul(s));

const scalarOps: Record<string, (group: Group, a: Scalar, b: Scalar) => Uint8Array> = {
  scalarAdd: (group, a, b) => group.scalarAdd(a, b),
  scalarSub: (group, a, b) => group.scalarSub(a, b),
  scalarMul: (group, a, b) => group.scalarMul(a, b),
  scalarNegate: (group, a) => group.scalarNegate(a),
  scalarInvert: (group, a) => (group.scalarIsZero(a) ? a : group.scalarInvert(a)),
  decodeScalar: (group, a) => group.decodeScalar(a),
};

const pointOps: Record<string, (group: Group, s: Scalar, p: Point, q: Point) => Uint8Array> = {
  baseMul: (group, s) => group.baseMul(s),
  mul: (group, s, p) => group.mul(s, p),
  add: (group, _s, p, q) => group.add(p, q),
  sub: (group, _s, p, q) => group.sub(p, q),
  double: (group, _s, p) => group.add(p, p),
  multiMulPublic: (group, s, p, q) =>
    group.multiMulPublic(
      [s, group.scalarNegate(s), s, group.scalarFromNumber(1)],
      [p, q, group.generator, q],
    ),
};

describe.runIf(fastGroup !== undefined)("libsodium and noble agree on", () => {
  const fast = fastGroup ?? portableGroup;

  test.each(Object.entries(scalarOps))("%s", (_, op) => {
    expect.hasAssertions();
    fc.assert(
      fc.property(scalar, scalar, (a, b) => {
        expect(op(fast, a, b)).toEqual(op(portableGroup, a, b));
      }),
    );
  });

  test.each(Object.entries(pointOps))("%s", (_, op) => {
    expect.hasAssertions();
    fc.assert(
      fc.property(scalar, point, point, (s, p, q) => {
        expect(op(fast, s, p, q)).toEqual(op(portableGroup, s, p, q));
      }),
      runs(0.5),
    );
  });

  test("scalarFromWide and sha512", () => {
    fc.assert(
      fc.property(fc.oneof(bytes(64), fc.constant(new Uint8Array(64).fill(255))), (wide) => {
        expect(fast.scalarFromWide(wide)).toEqual(portableGroup.scalarFromWide(wide));
        expect(fast.sha512(wide, wide)).toEqual(portableGroup.sha512(wide, wide));
      }),
    );
  });

  test("which strings are points and scalars", () => {
    const accepts = (decode: () => unknown): boolean => {
      try {
        decode();
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(bytes(32), (raw) => {
        const point = raw.map((byte, i) => (i === 31 ? byte & 0x8f : byte));
        for (const candidate of [raw, point]) {
          expect(accepts(() => fast.decodePoint(candidate))).toBe(
            accepts(() => portableGroup.decodePoint(candidate)),
          );
          expect(accepts(() => fast.decodeScalar(candidate))).toBe(
            accepts(() => portableGroup.decodeScalar(candidate)),
          );
        }
      }),
    );
  });

  test("signatures, with node:crypto as the third", () => {
    fc.assert(
      fc.property(bytes(32), fc.uint8Array({ maxLength: 200 }), fc.nat(), (seed, message, at) => {
        const publicKey = fast.ed25519.publicKey(seed);
        const signature = fast.ed25519.sign(seed, message);
        expect(publicKey).toEqual(portableGroup.ed25519.publicKey(seed));
        expect(signature).toEqual(portableGroup.ed25519.sign(seed, message));
        for (const { ed25519 } of [fast, portableGroup]) {
          const copy = Buffer.from(seed);
          const signer = ed25519.signer(copy);
          copy.fill(0);
          expect(signer(message)).toEqual(signature);
        }
        const changed = signature.slice();
        changed[at % 64] = (changed[at % 64] ?? 0) ^ (1 << (at % 8));
        for (const [candidate, valid] of [
          [signature, true],
          [changed, false],
        ] as const) {
          expect(nodeVerify(publicKey, message, candidate)).toBe(valid);
          expect(fast.ed25519.verify(publicKey, message, candidate)).toBe(valid);
          expect(portableGroup.ed25519.verify(publicKey, message, candidate)).toBe(valid);
        }
      }),
      runs(0.5),
    );
  });
});
