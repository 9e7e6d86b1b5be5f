import { env } from "node:process";
import { describe, expect, test } from "vitest";
import { type Group, loadFastGroup, type Point, portableGroup, type Scalar } from "../../src/group/index.ts";
import { selfTest } from "../../src/group/self-test.ts";
import { sodiumGroup } from "../../src/group/sodium.ts";
import { type PublicPoints, publicPoints } from "../../src/group/straus.ts";
import type { StrausExports } from "../../src/group/straus-load.ts";
import { asPoint, randomScalar, seededRandom } from "./backends.ts";
import { generator, mixedOrder, nonCanonical, torsion } from "./encodings.ts";
import { hasPrimeOrderSlowly, P } from "./slow-curve.ts";
import { littleEndian } from "./straus.ts";
import { freshModule, moduleAccepts, nobleAccepts, sodium, sodiumAccepts } from "./subgroup.ts";

const full = env["IPSE_TEST_FULL"] === "1";
const quick: Group = sodium === undefined ? portableGroup : sodiumGroup(sodium);
const one = quick.scalarFromNumber(1);
const [identity = generator] = torsion;

/** Compares the module's verdict with libsodium's, and with the others where they are asked: they are slow. */
function expectVerdict(encoding: Uint8Array, accepted: boolean, others: boolean): void {
  expect(moduleAccepts(encoding)).toBe(accepted);
  expect(sodiumAccepts(encoding) ?? accepted).toBe(accepted);
  if (!others) return;
  expect(nobleAccepts(encoding)).toBe(accepted);
  expect(hasPrimeOrderSlowly(encoding)).toBe(accepted);
}

function withSign(y: bigint, sign: number): Uint8Array {
  const encoding = littleEndian(y);
  encoding[31] = (encoding[31] ?? 0) | (sign << 7);
  return encoding;
}

describe("the module takes for points of prime order", () => {
  test("thousands of them, and none of them plus a torsion point", { timeout: 600_000 }, () => {
    const random = seededRandom("subgroup");
    const [count, slowly] = full ? [5000, 2] : [2000, 40];
    for (let i = 0; i < count; i++) {
      const point = quick.baseMul(randomScalar(quick, random));
      const [same, ...shifted] = torsion.map((by) => quick.add(point, asPoint(by)));
      expect(same).toEqual(point);
      expectVerdict(point, true, i % slowly === 0);
      for (const other of shifted) expectVerdict(other, false, i % slowly === 0);
    }
  });

  test("small multiples of the generator and their opposites", () => {
    for (let i = 1; i <= 64; i++) {
      const multiple = quick.baseMul(quick.scalarFromNumber(i));
      expectVerdict(multiple, true, i <= 8);
      expectVerdict(quick.sub(quick.identity, multiple), true, i <= 8);
    }
  });
});

describe("the module refuses", () => {
  test.each(torsion.map((point, i) => [i, point] as const))("torsion point %i", (_, point) => {
    expectVerdict(point, false, true);
    const otherSign = point.map((byte, i) => (i === 31 ? byte ^ 0x80 : byte));
    expectVerdict(otherSign, false, true);
  });

  test.each(mixedOrder.map((point, i) => [i, point] as const))("mixed-order point %i", (_, point) => {
    expectVerdict(point, false, true);
  });

  test.each(nonCanonical.filter(([, { length }]) => length === 32))("%s", (_, encoding) => {
    expectVerdict(encoding, false, true);
  });

  test("every y from p on, with either sign", () => {
    for (let y = P; y < 2n ** 255n; y++) {
      for (const sign of [0, 1]) expectVerdict(withSign(y, sign), false, true);
    }
    expect.hasAssertions();
  });
});

test("the module judges the smallest and the largest y as the others do", { timeout: 60_000 }, () => {
  const accepted: number[] = [];
  for (let i = 0; i < 400; i++) {
    for (const y of [BigInt(i), P - 1n - BigInt(i)]) {
      for (const sign of [0, 1]) {
        const encoding = withSign(y, sign);
        const verdict = sodiumAccepts(encoding) ?? nobleAccepts(encoding);
        expectVerdict(encoding, verdict, i < 40);
        if (verdict) accepted.push(i);
      }
    }
  }
  expect(accepted.length).toBeGreaterThan(100);
});

describe("the points kept", () => {
  const random = seededRandom("kept");
  const drawn = (count: number): Point[] =>
    Array.from({ length: count }, () => quick.baseMul(randomScalar(quick, random)));

  /** Public points whose later decodings are counted. */
  function counted(): { points: PublicPoints; decodings: () => number; validations: () => number } {
    const wasm = freshModule();
    let [decodings, validations] = [0, 0];
    const points = publicPoints({
      ...wasm,
      decodePoints: (...slots) => {
        decodings++;
        return wasm.decodePoints(...slots);
      },
      validate: (count) => {
        validations++;
        return wasm.validate(count);
      },
    });
    return { points, decodings: () => decodings, validations: () => validations };
  }

  test("are right, and neither validated nor decoded again", () => {
    const { points, decodings, validations } = counted();
    const list = drawn(7);
    expect(points.valid(list)).toBe(true);
    expect(validations()).toBe(4);
    for (const point of list) expect(points.sum([one], [point])).toEqual(point);
    const scalars = list.map(() => randomScalar(quick, random));
    expect(points.sum(scalars, list)).toEqual(quick.multiMulPublic(scalars, list));
    expect(points.valid([...list, ...list])).toBe(true);
    expect([validations(), decodings()]).toEqual([4, 0]);
  });

  test("are none of a pair with a string that is no point, and no worse for it", () => {
    const { points, decodings, validations } = counted();
    const [p, q] = drawn(2) as [Point, Point];
    for (const bad of [...torsion, ...mixedOrder]) {
      expect(points.valid([p, bad])).toBe(false);
      expect(points.valid([bad, p])).toBe(false);
      expect(points.valid([p, q, bad])).toBe(false);
    }
    const before = validations();
    expect(points.valid([q, p, q, p])).toBe(true);
    expect(validations()).toBe(before);
    expect(points.sum([one, one], [p, q])).toEqual(quick.add(p, q));
    expect(decodings()).toBe(0);
  });

  test("are not valid because a sum had them, nor because their slot had a valid one", () => {
    const { points } = counted();
    expect(points.sum([one], [asPoint(identity)])).toEqual(identity);
    expect(points.valid([identity])).toBe(false);
    // A slot is the last sum's until the next.
    expect(points.sum([], [])).toEqual(identity);
    const list = Array.from({ length: 8192 }, (_, i) => quick.baseMul(quick.scalarFromNumber(i + 2)));
    expect(points.valid(list)).toBe(true);
    // The identity's slot has gone to one of them, and it takes the oldest one's.
    expect(points.sum([one], [asPoint(identity)])).toEqual(identity);
    expect(points.valid([identity])).toBe(false);
  });

  test("have 32 bytes: what is shorter or longer is no point, whatever it begins with", () => {
    const { points } = counted();
    for (const bad of [new Uint8Array(0), generator.slice(1), Uint8Array.from([...generator, 0])]) {
      expect(points.valid([bad])).toBe(false);
      expect(points.valid([generator, bad])).toBe(false);
    }
    expect(points.valid([])).toBe(true);
  });
});

describe.runIf(sodium !== undefined)("the fast group", () => {
  const native = (): NonNullable<typeof sodium> => {
    if (sodium === undefined) throw new Error("libsodium is gone");
    return sodium;
  };

  test("asks the module, not libsodium, and libsodium where there is no module", () => {
    let asked = 0;
    const counting = {
      ...native(),
      native: {
        ...native().native,
        crypto_core_ed25519_is_valid_point: (point: Uint8Array) => {
          asked++;
          return native().native.crypto_core_ed25519_is_valid_point(point);
        },
      },
    };
    const withModule = sodiumGroup(counting, publicPoints(freshModule()));
    expect(withModule.decodePoints([generator, withModule.generator])).toEqual([generator, generator]);
    expect(asked).toBe(0);
    expect(sodiumGroup(counting).decodePoints([generator])).toEqual([generator]);
    expect(asked).toBe(1);
  });

  test.each<[string, (good: PublicPoints) => PublicPoints["valid"]]>([
    ["takes everything for a point", () => () => true],
    ["takes nothing for a point", () => () => false],
    ["looks at the first of a pair only", (good) => (points) => good.valid(points.slice(0, 1))],
    ["looks at the last only", (good) => (points) => good.valid(points.slice(-1))],
    [
      "takes the identity for a point",
      (good) => (points) => points.every((p) => p[0] === 1 || good.valid([p])),
    ],
    [
      "takes a sum of a point and one of small order for a point",
      (good) => {
        const twice = quick.baseMul(quick.scalarFromNumber(2));
        const sums = torsion.slice(1).map((by) => quick.add(twice, asPoint(by)));
        return (points) =>
          points.every((p) => sums.some((sum) => quick.equal(sum, asPoint(p))) || good.valid([p]));
      },
    ],
    [
      "throws",
      () => () => {
        throw new Error("trap");
      },
    ],
  ])("fails its self test with a module that %s", (_, broken) => {
    const good = publicPoints(freshModule());
    expect(selfTest(sodiumGroup(native(), { ...good, valid: broken(good) }))).toBe(false);
  });

  test.each<[string, (good: StrausExports) => Partial<StrausExports>]>([
    [
      "refuses two different points",
      (good) => {
        const candidates = new Uint8Array(good.memory.buffer, good.candidates(), 64);
        const same = () => candidates.subarray(0, 32).every((byte, i) => byte === candidates[32 + i]);
        return { validate: (count) => (count === 1 || same() ? good.validate(count) : 0) };
      },
    ],
    ["keeps the first of a pair in place of the second", (good) => ({ keep: (slot) => good.keep(slot, 0) })],
    [
      "forgets the sign of the second of a pair",
      (good) => {
        const candidates = new Uint8Array(good.memory.buffer, good.candidates(), 64);
        return {
          validate: (count) => {
            candidates[63] = (candidates[63] ?? 0) & 0x7f;
            return good.validate(count);
          },
        };
      },
    ],
  ])(
    "fails its self test with a module that %s, though all verdicts on single strings are right",
    (_, broken) => {
      const good = freshModule();
      expect(selfTest(sodiumGroup(native(), publicPoints({ ...good, ...broken(good) })))).toBe(false);
    },
  );

  test("loads with the module's verdicts", async () => {
    const group = await loadFastGroup();
    for (const bad of [...torsion, ...mixedOrder]) {
      expect(() => group?.decodePoint(bad)).toThrow();
      expect(() => group?.decodePoints([generator, bad])).toThrow();
    }
    const scalar: Scalar = quick.scalarFromNumber(5);
    expect(group?.multiMulPublic([scalar], [group.decodePoint(quick.baseMul(scalar))])).toEqual(
      quick.baseMul(quick.scalarFromNumber(25)),
    );
  });
});
