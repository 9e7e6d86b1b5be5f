import { describe, expect, test } from "vitest";
import { utf8 } from "../../src/bytes.ts";
import { portableGroup, type Scalar } from "../../src/group/index.ts";
import { RECURRING_USES } from "../../src/group/key-tables.ts";
import { type PublicPoints, publicPoints } from "../../src/group/straus.ts";
import { randomScalar, seededRandom } from "./backends.ts";
import { type Broken, brokenDifference, passes, passesBroken, traps } from "./broken-modules.ts";
import { mixedOrder, nonCanonical, torsion } from "./encodings.ts";
import {
  countingGroup,
  forgeries,
  quick,
  type Signer,
  scalarOf,
  sign,
  signerOf,
  sodiumVerifies,
} from "./signatures.ts";
import { freshModule, sodium } from "./subgroup.ts";

const random = seededRandom("recurring");
const drawn = (): Signer => signerOf(randomScalar(quick, random));
const L = portableGroup.order;
const TABLES = freshModule().splitCount();

function use(points: PublicPoints, { key }: Signer, times = RECURRING_USES): void {
  for (let i = 0; i < times; i++) points.used(key);
}

const differenceOf = ({ secret }: Signer, s: Scalar, c: Scalar): Uint8Array =>
  quick.baseMul(quick.scalarSub(s, quick.scalarMul(c, secret)));

/** Every odd multiple of either sign in every part, alone and in all of them; carries from part to part; the ends. */
const edges: readonly Scalar[] = [
  ...[
    1n,
    3n,
    5n,
    7n,
    9n,
    11n,
    13n,
    15n,
    17n,
    19n,
    21n,
    23n,
    25n,
    27n,
    29n,
    31n,
    2n ** 31n,
    2n ** 32n - 1n,
  ].flatMap((number) => [
    ...Array.from({ length: 8 }, (_, part) => number << BigInt(32 * part)),
    Array.from({ length: 8 }, (_, part) => number << BigInt(32 * part)).reduce((a, b) => a + b),
  ]),
  ...Array.from({ length: 253 }, (_, i) => 1n << BigInt(i)),
  ...[0n, 1n, 2n, L - 1n, L - 2n, (L - 1n) / 2n, 2n ** 252n - 1n],
].map(scalarOf);

test("[s]B - [c]A is right for every digit in every part, and where it is the identity", () => {
  const points = publicPoints(freshModule());
  for (const signer of [signerOf(scalarOf(1n)), signerOf(scalarOf(-1n)), drawn(), drawn()]) {
    use(points, signer);
    const isGenerator = quick.equal(quick.decodePoint(signer.key), quick.generator);
    expect(points.difference(signer.key) === undefined).toBe(isGenerator);
    if (isGenerator) continue;
    for (const [i, c] of edges.entries()) {
      const s = edges[(7 * i + 3) % edges.length] ?? c;
      expect(points.difference(signer.key)?.(s, c)).toEqual(differenceOf(signer, s, c));
      const product = quick.scalarMul(c, signer.secret);
      expect(points.difference(signer.key)?.(product, c)).toEqual(quick.identity);
    }
  }
});

test("as many keys have tables, and after as many uses, as SPEC.md section 5 says", () => {
  expect([TABLES, RECURRING_USES]).toEqual([512, 8]);
});

describe("a key", () => {
  test("has a table after so many uses, not before, and what is no key has none", () => {
    const points = publicPoints(freshModule());
    const signer = drawn();
    use(points, signer, RECURRING_USES - 1);
    expect(points.difference(signer.key)).toBeUndefined();
    points.used(signer.key);
    expect(points.difference(signer.key)).toBeDefined();
    const bad = [...torsion, ...mixedOrder, ...nonCanonical.map(([, bytes]) => bytes), new Uint8Array(0)];
    for (const key of bad) {
      use(points, { ...signer, key }, 3 * RECURRING_USES);
      expect(points.difference(key)).toBeUndefined();
    }
  });

  test("that was announced keeps the table it has", () => {
    const good = freshModule();
    let made = 0;
    const points = publicPoints({ ...good, makeSplits: () => made++ });
    const signer = drawn();
    points.tabulate([signer.key]);
    const { group } = countingGroup(points);
    for (let i = 0; i < 2 * RECURRING_USES; i++) {
      const message = random(32);
      expect(group.ed25519.verify(signer.key, message, sign(signer, message, scalarOf(7n)))).toBe(true);
    }
    expect(made).toBe(0);
  });

  test("that others push out earns its table again, and every table is of its own key at any time", () => {
    const points = publicPoints(freshModule());
    const signers = Array.from({ length: TABLES + 100 }, () => drawn());
    const [s, c] = [scalarOf(2n ** 200n + 1n), scalarOf(2n ** 251n - 5n)];
    for (const round of [1, 2]) {
      for (const signer of signers) {
        use(points, signer);
        expect(points.difference(signer.key)?.(s, c), `${round}`).toEqual(differenceOf(signer, s, c));
      }
      const kept = signers.filter(({ key }) => points.difference(key) !== undefined);
      expect(kept.length).toBeLessThanOrEqual(TABLES);
      expect(kept.length).toBeGreaterThan(TABLES / 2);
      for (const signer of kept)
        expect(points.difference(signer.key)?.(s, c)).toEqual(differenceOf(signer, s, c));
    }
  });

  test("has no table where making it failed: the other key's is still there", () => {
    const good = freshModule();
    let fails = false;
    const points = publicPoints({
      ...good,
      makeSplits: (at, slot) => {
        if (fails) traps();
        good.makeSplits(at, slot);
      },
    });
    const signers = Array.from({ length: 5 * TABLES }, () => drawn());
    for (const signer of signers) use(points, signer);
    fails = true;
    const late = drawn();
    expect(() => use(points, late)).toThrow("unreachable");
    expect(points.difference(late.key)).toBeUndefined();
    const lost = signers.filter(({ key }) => points.difference(key) === undefined);
    expect(lost.length).toBe(signers.length - TABLES + 1);
  });

  test("keeps its table, whatever else is validated, added up and used a few times", () => {
    const points = publicPoints(freshModule());
    const signer = drawn();
    use(points, signer);
    const many = Array.from({ length: 8300 }, (_, i) => quick.baseMul(quick.scalarFromNumber(i + 2)));
    expect(points.valid(many)).toBe(true);
    for (const key of many) use(points, { ...signer, key }, 3);
    points.sum([scalarOf(5n), scalarOf(2n ** 77n)], [quick.generator, quick.decodePoint(signer.key)]);
    points.tabulate(many.slice(0, 4));
    expect(points.difference(signer.key)?.(scalarOf(5n), scalarOf(9n))).toEqual(
      differenceOf(signer, scalarOf(5n), scalarOf(9n)),
    );
  });
});

describe.runIf(sodium !== undefined)("verifying under a key that recurs", () => {
  test("asks libsodium for the first signatures alone; bad ones do not count", () => {
    const { group, asked } = countingGroup();
    const signer = drawn();
    const judge = (message: Uint8Array, good: boolean): void => {
      const signature = sign(signer, message, randomScalar(quick, random));
      const shown = good ? signature : signature.with(40, (signature[40] ?? 0) ^ 1);
      expect(group.ed25519.verify(signer.key, message, shown)).toBe(good);
    };
    for (let i = 0; i < 20; i++) judge(random(32), false);
    expect(asked()).toBe(20);
    for (let i = 0; i < RECURRING_USES; i++) judge(random(32), true);
    expect(asked()).toBe(20 + RECURRING_USES);
    for (let i = 0; i < 50; i++) judge(random(i), i % 3 > 0);
    expect(asked()).toBe(20 + RECURRING_USES);
  });

  test("a chain key, which signs three times, is none", () => {
    const good = freshModule();
    let made = 0;
    const points = publicPoints({ ...good, makeSplits: () => made++ });
    const { group } = countingGroup(points);
    for (let i = 0; i < 3000; i++) {
      const signer = signerOf(scalarOf(BigInt(i + 2)));
      for (let j = 0; j < 3; j++) {
        const message = Uint8Array.of(i, j);
        expect(group.ed25519.verify(signer.key, message, sign(signer, message, scalarOf(7n)))).toBe(true);
      }
    }
    expect(made).toBe(0);
  });

  test("thousands of signatures under more keys than there are tables, each as libsodium does", () => {
    const { group } = countingGroup();
    const signers = Array.from({ length: TABLES + 40 }, () => drawn());
    for (let i = 0; i < 12 * signers.length; i++) {
      const signer = signers[i % signers.length] ?? drawn();
      const message = random(i % 90);
      const good = sign(signer, message, scalarOf(BigInt(i + 5)));
      expect(group.ed25519.verify(signer.key, message, good)).toBe(true);
      if (i % 7 > 0) continue;
      const bad = good.with(i % 64, (good[i % 64] ?? 0) ^ (1 << (i % 8)));
      expect(group.ed25519.verify(signer.key, message, bad)).toBe(sodiumVerifies(signer.key, message, bad));
    }
  });

  test("is under that key and none that begins with it or that it begins with", () => {
    const { group, points } = countingGroup();
    const [recurring, announced] = [drawn(), drawn()];
    use(points, recurring);
    points.tabulate([announced.key]);
    for (const signer of [recurring, announced]) {
      const signature = sign(signer, utf8("a header"), scalarOf(3n));
      for (const key of [Uint8Array.from([...signer.key, 0]), signer.key.slice(0, 31), new Uint8Array(0)]) {
        expect(points.difference(key)).toBeUndefined();
        expect(group.ed25519.verify(key, utf8("a header"), signature)).toBe(false);
      }
      expect(group.ed25519.verify(signer.key, utf8("a header"), signature)).toBe(true);
    }
  });

  test("refuses what a laxer rule would take", () => {
    for (const signer of [signerOf(scalarOf(1n)), signerOf(scalarOf(-1n)), drawn(), drawn()]) {
      const { group, points } = countingGroup();
      use(points, signer);
      const message = utf8("a header");
      for (const [name, forged] of forgeries(signer, message, randomScalar(quick, random))) {
        expect(group.ed25519.verify(signer.key, message, forged), name).toBe(false);
      }
      expect(group.ed25519.verify(signer.key, message, sign(signer, message, scalarOf(3n)))).toBe(true);
    }
  });
});

describe.runIf(sodium !== undefined)("the self test", () => {
  const { misread, either } = brokenDifference("subtractSplitProducts");

  test.each<[string, Broken]>([
    ...either,
    ["leaves the last part out", misread((c) => c.fill(0, 28))],
    ["loses one part's lowest bit", misread((c) => c.set([(c[12] ?? 0) & 0xfe], 12))],
    ["takes 31 for 0", misread((c) => c.set(c.map((byte) => ((byte & 31) === 31 ? byte & 224 : byte))))],
    ["makes none", () => ({ makeSplits: () => undefined })],
    [
      "makes a table of another point",
      (good) => ({ makeSplits: (at, slot) => good.makeSplits(at, slot + 1) }),
    ],
    ["makes each in the next place", (good) => ({ makeSplits: (at, slot) => good.makeSplits(at + 1, slot) })],
    ["traps", () => ({ makeSplits: traps })],
  ])("refuses a module that %s", (_, broken) => {
    expect(passesBroken(broken)).toBe(false);
  });

  test("takes one that only looks on", () => {
    expect(passesBroken(misread(() => undefined))).toBe(true);
  });

  test("passes with a module that makes no such tables", () => {
    const good = publicPoints(freshModule());
    expect(passes({ ...good, used: () => undefined })).toBe(true);
  });
});
