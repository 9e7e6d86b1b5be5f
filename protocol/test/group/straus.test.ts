import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { type Group, loadFastGroup, type Point, portableGroup, type Scalar } from "../../src/group/index.ts";
import { selfTest } from "../../src/group/self-test.ts";
import { sodiumGroup } from "../../src/group/sodium.ts";
import { loadSodium } from "../../src/group/sodium-load.ts";
import { type PublicPoints, publicPoints } from "../../src/group/straus.ts";
import { instantiateStraus, type StrausExports } from "../../src/group/straus-load.ts";
import { asPoint, asScalar, randomScalar, seededRandom } from "./backends.ts";
import { largestScalar, nonCanonical } from "./encodings.ts";
import { littleEndian } from "./straus.ts";
import { freshModule } from "./subgroup.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const sodium = await loadSodium();
/** libsodium alone, one multiplication after the other. */
const oneByOne: Group | undefined = sodium && sodiumGroup(sodium);
const others: readonly Group[] = oneByOne === undefined ? [portableGroup] : [portableGroup, oneByOne];
const quick = oneByOne ?? portableGroup;

function freshSums(): PublicPoints {
  const wasm = instantiateStraus();
  if (wasm === undefined) throw new Error("this platform has no WebAssembly with SIMD");
  return publicPoints(wasm);
}

const sums = freshSums();

/** Compares one sum with both other implementations. */
function expectSame(scalars: readonly Scalar[], points: readonly Point[]): void {
  const sum = sums.sum(scalars, points);
  for (const group of others) expect(sum, group.name).toEqual(group.multiMulPublic(scalars, points));
}

test("the committed module is what the compiler makes of protocol/wasm", { timeout: 60_000 }, () => {
  const compile = join(import.meta.dirname, "../../wasm/compile.mjs");
  const committed = join(import.meta.dirname, "../../src/group/straus-module.ts");
  const compiled = execFileSync(process.execPath, [compile], { encoding: "utf8" });
  expect(compiled).toBe(readFileSync(committed, "utf8"));
});

describe("public sums", () => {
  const random = seededRandom("straus");
  const p = quick.baseMul(randomScalar(quick, random));
  const q = quick.baseMul(randomScalar(quick, random));
  const minusP = quick.sub(quick.identity, p);
  const { generator, identity } = quick;
  const one = quick.scalarFromNumber(1);

  test("of every single bit, of all ones below it, and of both negated", () => {
    const edges = Array.from({ length: 253 }, (_, i) => [2n ** BigInt(i), 2n ** BigInt(i) - 1n])
      .flat()
      .filter((value) => value < quick.order)
      .map((value) => asScalar(littleEndian(value)));
    for (const scalar of edges) {
      const negated = quick.scalarNegate(scalar);
      expect(sums.sum([scalar, negated], [p, q])).toEqual(
        quick.sub(quick.mul(scalar, p), quick.mul(scalar, q)),
      );
      expect(sums.sum([scalar], [generator])).toEqual(quick.baseMul(scalar));
    }
  });

  test.each<[string, bigint]>([
    ["0", 0n],
    ["1", 1n],
    ["2", 2n],
    ["7", 7n],
    ["8", 8n],
    ["65535", 65535n],
    ["L - 1", portableGroup.order - 1n],
    ["L - 2", portableGroup.order - 2n],
    ["(L - 1) / 2", (portableGroup.order - 1n) / 2n],
    ["2^252", 2n ** 252n],
    ["alternating bits", (2n ** 252n - 1n) / 3n],
    ["runs of five bits", BigInt(`0b1${"0000011111".repeat(25)}`)],
    ["runs of eight bits", BigInt(`0b${"0000000011111111".repeat(15)}`)],
  ])("with the scalar %s, for every kind of point", (_, value) => {
    const scalar = asScalar(littleEndian(value));
    for (const point of [p, minusP, generator, identity]) {
      expectSame([scalar], [point]);
      expectSame([scalar, scalar], [point, q]);
      expectSame([scalar, one], [point, identity]);
    }
    expect.hasAssertions();
  });

  test("of equal, opposite, absent and cancelling terms", () => {
    const s = randomScalar(quick, random);
    const minusS = quick.scalarNegate(s);
    expect(sums.sum([], [])).toEqual(identity);
    expect(sums.sum([s, s], [p, minusP])).toEqual(identity);
    expect(sums.sum([s, minusS], [p, p])).toEqual(identity);
    expect(sums.sum([s, minusS], [generator, generator])).toEqual(identity);
    expect(sums.sum([one, one, asScalar(largestScalar)], [p, q, p])).toEqual(q);
    expectSame([s, s, s], [p, p, p]);
    expectSame([s, s], [generator, generator]);
    expectSame([s, one, minusS, one], [p, p, p, minusP]);
  });

  test.each([1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64])("of %i terms", (count) => {
    const scalars = Array.from({ length: count }, () => randomScalar(quick, random));
    expectSame(
      scalars,
      scalars.map((scalar) => quick.baseMul(scalar)),
    );
    expect.hasAssertions();
  });

  test.each([65, 127, 128, 200])("of %i terms, more than the module takes at once", (count) => {
    const scalars = Array.from({ length: count }, () => randomScalar(quick, random));
    const points = scalars.map((scalar, i) => (i % 9 === 0 ? generator : quick.baseMul(scalar)));
    expect(sums.sum(scalars, points)).toEqual(quick.multiMulPublic(scalars, points));
  });

  // RFC 8032 section 7.1, tests 1 and 2: A = [a]B, and [S]B = R + [k]A.
  test.each([
    [
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
      "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
  ])("give the keys and signatures of RFC 8032, %s", (seed, publicKey, message, signature) => {
    const wide = new Uint8Array(64);
    wide.set(quick.sha512(hex(seed)).subarray(0, 32));
    wide[0] = (wide[0] ?? 0) & 248;
    wide[31] = ((wide[31] ?? 0) & 63) | 64;
    expect(sums.sum([quick.scalarFromWide(wide)], [generator])).toEqual(hex(publicKey));
    const [r, s] = [hex(signature).subarray(0, 32), asScalar(hex(signature).slice(32))];
    const k = quick.scalarFromWide(quick.sha512(r, hex(publicKey), hex(message)));
    const sum = sums.sum([s, quick.scalarNegate(k)], [generator, asPoint(hex(publicKey))]);
    expect(sum).toEqual(Uint8Array.from(r));
  });

  test("do not depend on what was decoded before, however much", () => {
    const own = freshSums();
    const points = Array.from({ length: 8300 }, (_, i) => quick.baseMul(quick.scalarFromNumber(i + 2)));
    for (const point of [...points, ...points]) expect(own.valid([point])).toBe(true);
    const seven = quick.scalarFromNumber(7);
    for (let i = 0; i < points.length; i += 41) {
      const j = (i * 37) % points.length;
      const sum = own.sum([seven, one], [points[i] ?? p, points[j] ?? p]);
      expect(sum).toEqual(quick.baseMul(quick.scalarFromNumber(7 * (i + 2) + j + 2)));
    }
  });

  test("cannot tell of what is no point or no scalar, and go on afterwards", () => {
    const off = nonCanonical.find(([name]) => name === "y = 2, off the curve")?.[1] ?? identity;
    const own = freshSums();
    expect(own.sum([one, one, one], [p, asPoint(off), q])).toBeUndefined();
    expect(own.sum([one, one], [p, q])).toEqual(quick.add(p, q));
    const many = Array.from({ length: 9 }, (_, i) => quick.baseMul(quick.scalarFromNumber(i + 2)));
    expect(own.sum(new Array(10).fill(one), [asPoint(off), ...many])).toBeUndefined();
    expect(own.valid([off])).toBe(false);
    expect(own.sum([one], [minusP])).toEqual(minusP);
    expect(own.sum([asScalar(new Uint8Array(32).fill(255))], [q])).toBeUndefined();
    expect(own.sum([asScalar(new Uint8Array(31))], [q])).toBeUndefined();
    expect(own.sum([one], [asPoint(q.subarray(1))])).toBeUndefined();
  });
});

describe.runIf(sodium !== undefined)("the fast group", () => {
  test("does without the module where there is no WebAssembly", async () => {
    vi.stubGlobal("WebAssembly", undefined);
    try {
      expect(instantiateStraus()).toBeUndefined();
      expect((await loadFastGroup())?.multiMulPublic([], [])).toEqual(portableGroup.identity);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("does without the module where WebAssembly refuses to make an instance", () => {
    const Instance = class {
      constructor() {
        throw new RangeError("out of memory");
      }
    };
    vi.stubGlobal("WebAssembly", { validate: () => true, Module: Object, Instance });
    try {
      expect(instantiateStraus()).toBeUndefined();
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test.each<[string, (good: StrausExports) => Partial<StrausExports>]>([
    ["takes everything for a point", () => ({ validate: () => 1 })],
    ["has no such function", () => ({ candidates: undefined as unknown as () => number })],
    [
      "traps when it is asked where its input is",
      () => ({
        input: () => {
          throw new Error("unreachable");
        },
      }),
    ],
    [
      "gets the sign of one sum in 256 wrong",
      (good) => {
        const output = new Uint8Array(good.memory.buffer, good.output(), 32);
        return {
          finishSum: () => {
            good.finishSum();
            if (output[0] === 57) output[31] = (output[31] ?? 0) ^ 0x80;
          },
        };
      },
    ],
  ])("loads without a module that %s", async (_, broken) => {
    const good = freshModule();
    const exports = { ...good, ...broken(good) };
    const Instance = class {
      readonly exports = exports;
    };
    vi.stubGlobal("WebAssembly", { validate: () => true, Module: Object, Instance });
    try {
      const group = await loadFastGroup();
      const point = quick.baseMul(quick.scalarFromNumber(14));
      expect(point[0]).toBe(57);
      expect(group?.multiMulPublic([quick.scalarFromNumber(1)], [point])).toEqual(point);
      for (const [, bad] of nonCanonical) expect(() => group?.decodePoint(bad)).toThrow();
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("takes libsodium's sum when the module cannot tell", () => {
    if (sodium === undefined) throw new Error("libsodium is gone");
    const group = sodiumGroup(sodium, { ...sums, sum: () => undefined });
    expect(selfTest(group)).toBe(true);
  });

  test.each<[string, (sum: PublicPoints["sum"]) => PublicPoints["sum"]]>([
    ["gives another point", (sum) => (s, points) => sum(s, points.toReversed())],
    ["forgets a term", (sum) => (s, points) => sum(s.slice(1), points.slice(1))],
    ["takes every sum for the identity", () => () => portableGroup.identity],
    [
      "throws",
      () => () => {
        throw new Error("trap");
      },
    ],
  ])("fails its self test with a module that %s", (_, broken) => {
    if (sodium === undefined) throw new Error("libsodium is gone");
    const good = freshSums();
    expect(selfTest(sodiumGroup(sodium, good))).toBe(true);
    expect(selfTest(sodiumGroup(sodium, { ...good, sum: broken(good.sum) }))).toBe(false);
  });
});
