import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { portableGroup } from "../../src/group/index.ts";
import { asPoint, bytes, fastGroup, runs } from "./backends.ts";
import { torsion } from "./encodings.ts";
import { hasPrimeOrderSlowly, P } from "./slow-curve.ts";
import { littleEndian } from "./straus.ts";
import { moduleAccepts, nobleAccepts, sodiumAccepts } from "./subgroup.ts";

/*
 * The module's verdict on any string, against libsodium, noble and BigInt. Every property runs from a kept seed and
 * from a fresh one.
 */

const seeds: readonly (readonly [string, object])[] = [
  ["a kept seed", { seed: 20221164 }],
  ["a fresh seed", {}],
];

const quick = fastGroup ?? portableGroup;
const point = bytes(64).map((wide) => quick.baseMul(quick.scalarFromWide(wide)));
const anyCoset = fc
  .tuple(point, fc.constantFrom(...torsion))
  .map(([p, by]) => quick.add(p, asPoint(by)) as Uint8Array);

/** y about 0, p and 2^255, where it stops being canonical, with either sign. */
const edge = fc
  .tuple(fc.constantFrom(0n, P, 2n ** 255n - 1n, 2n ** 254n), fc.bigInt(-30n, 30n), fc.boolean())
  .map(([center, offset, sign]) => [center + offset, sign] as const)
  .filter(([y]) => y >= 0n && y < 2n ** 255n)
  .map(([y, sign]) => littleEndian(y + (sign ? 2n ** 255n : 0n)));

const flipped = fc.tuple(anyCoset, fc.nat({ max: 255 })).map(([encoding, at]) => {
  const changed = encoding.slice();
  changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
  return changed;
});

const strings: Readonly<Record<string, fc.Arbitrary<Uint8Array>>> = {
  "points of every coset": anyCoset,
  "strings of 32 bytes": bytes(32),
  "edges of y": edge,
  "points with a bit changed": flipped,
};

describe.each(Object.entries(strings))(
  "the module, libsodium, noble and BigInt agree on %s",
  (_, arbitrary) => {
    test.each(seeds)("from %s", (_seed, seed) => {
      expect.hasAssertions();
      fc.assert(
        fc.property(arbitrary, (encoding) => {
          const expected = hasPrimeOrderSlowly(encoding);
          expect(moduleAccepts(encoding)).toBe(expected);
          expect(sodiumAccepts(encoding) ?? expected).toBe(expected);
          expect(nobleAccepts(encoding)).toBe(expected);
        }),
        { ...runs(1), ...seed },
      );
    });

    test.each(seeds)("from %s, twenty times as many, with libsodium alone", (_seed, seed) => {
      expect.hasAssertions();
      fc.assert(
        fc.property(arbitrary, (encoding) => {
          expect(moduleAccepts(encoding)).toBe(sodiumAccepts(encoding) ?? nobleAccepts(encoding));
        }),
        { ...runs(sodiumAccepts(littleEndian(0n)) === undefined ? 1 : 20), ...seed },
      );
    });
  },
);
