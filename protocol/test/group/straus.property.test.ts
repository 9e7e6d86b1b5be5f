import fc from "fast-check";
import { expect, test } from "vitest";
import { type Group, type Point, portableGroup, type Scalar } from "../../src/group/index.ts";
import { sodiumGroup } from "../../src/group/sodium.ts";
import { loadSodium } from "../../src/group/sodium-load.ts";
import { publicPoints } from "../../src/group/straus.ts";
import { instantiateStraus } from "../../src/group/straus-load.ts";
import { asScalar, bytes, runs } from "./backends.ts";
import { littleEndian } from "./straus.ts";

const sodium = await loadSodium();
const others: readonly Group[] =
  sodium === undefined ? [portableGroup] : [portableGroup, sodiumGroup(sodium)];
const quick = others.at(-1) ?? portableGroup;
const L = portableGroup.order;

/** Scalars about the edges of windows, words and the order, runs of ones, and any. */
const scalar: fc.Arbitrary<Scalar> = fc
  .oneof(
    fc.nat({ max: 70_000 }).map(BigInt),
    fc
      .tuple(fc.nat({ max: 252 }), fc.integer({ min: -3, max: 3 }))
      .map(([n, d]) => 2n ** BigInt(n) + BigInt(d)),
    fc.tuple(fc.nat({ max: 251 }), fc.nat({ max: 251 })).map(([i, j]) => 2n ** BigInt(i) - 2n ** BigInt(j)),
    fc.nat({ max: 5 }).map((d) => L - 1n - BigInt(d)),
    bytes(32).map((raw) => BigInt(`0x${Buffer.from(raw).toString("hex")}`)),
  )
  .map((value) => asScalar(littleEndian(((value % L) + L) % L)));

/** Points out of so few that they often meet again or cancel out. */
const point: fc.Arbitrary<Point> = fc.oneof(
  fc.constantFrom(portableGroup.generator, portableGroup.identity),
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.boolean()).map(([n, negative]) => {
    const multiple = quick.scalarFromNumber(n);
    return quick.baseMul(negative ? quick.scalarNegate(multiple) : multiple);
  }),
  scalar.map((s) => quick.baseMul(s)),
);

test("the module's sums are noble's and libsodium's", () => {
  const wasm = instantiateStraus();
  if (wasm === undefined) throw new Error("this platform has no WebAssembly with SIMD");
  const sums = publicPoints(wasm);
  fc.assert(
    fc.property(fc.array(fc.tuple(scalar, point), { maxLength: 12 }), (terms) => {
      const scalars = terms.map(([s]) => s);
      const points = terms.map(([, p]) => p);
      const sum = sums.sum(scalars, points);
      for (const group of others) expect(sum, group.name).toEqual(group.multiMulPublic(scalars, points));
    }),
    runs(0.5),
  );
});
