import { describe, expect, test, vi } from "vitest";
import { utf8 } from "../../src/bytes.ts";
import { loadFastGroup, portableGroup, type Scalar } from "../../src/group/index.ts";
import { type PublicPoints, publicPoints } from "../../src/group/straus.ts";
import type { StrausExports } from "../../src/group/straus-load.ts";
import { backends, randomScalar, seededRandom } from "./backends.ts";
import { type Broken, brokenDifference, passes, passesBroken, traps } from "./broken-modules.ts";
import { mixedOrder, nonCanonical, torsion } from "./encodings.ts";
import { countingGroup, forgeries, quick, scalarOf, sign, signerOf, sodiumVerifies } from "./signatures.ts";
import { freshModule, sodium } from "./subgroup.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const random = seededRandom("prepared");
const drawn = (count: number) => Array.from({ length: count }, () => signerOf(randomScalar(quick, random)));
const L = portableGroup.order;

/** Every digit alone in every place, the same digit in all of them, and the ends. */
const edges: readonly Scalar[] = [
  ...[1n, 127n, 128n, 129n, 255n].flatMap((digit) => [
    ...Array.from({ length: 31 }, (_, i) => digit << BigInt(8 * i)),
    Array.from({ length: 31 }, (_, i) => digit << BigInt(8 * i)).reduce((a, b) => a + b),
  ]),
  ...[0n, 1n, 2n, L - 1n, L - 2n, (L - 1n) / 2n, 2n ** 252n, 2n ** 252n - 1n],
].map(scalarOf);

test("[s]B - [c]A is right for every digit in every place, and where it is the identity", () => {
  const points = publicPoints(freshModule());
  for (const { secret, key } of [signerOf(scalarOf(-1n)), ...drawn(1)]) {
    points.tabulate([key]);
    const difference = points.difference(key);
    for (const [i, s] of edges.entries()) {
      const c = edges[(7 * i + 3) % edges.length] ?? s;
      const product = quick.scalarMul(c, secret);
      expect(difference?.(s, c)).toEqual(quick.baseMul(quick.scalarSub(s, product)));
      expect(difference?.(product, c)).toEqual(quick.identity);
    }
  }
});

test("every multiple in a table is right", () => {
  const points = publicPoints(freshModule());
  const zero = quick.scalarFromNumber(0);
  const [{ secret, key }] = drawn(1) as [ReturnType<typeof signerOf>];
  points.tabulate([key]);
  const difference = points.difference(key);
  for (let place = 0; place < 31; place++) {
    for (let digit = 1; digit <= 128; digit += place % 4 === 0 ? 1 : 13) {
      const number = scalarOf(BigInt(digit) << BigInt(8 * place));
      expect(difference?.(number, zero)).toEqual(quick.baseMul(number));
      expect(difference?.(zero, number)).toEqual(
        quick.baseMul(quick.scalarNegate(quick.scalarMul(number, secret))),
      );
    }
  }
});

describe.runIf(sodium !== undefined)("verifying under a prepared key", () => {
  test("does not ask libsodium, and under another key does", () => {
    const { group, asked } = countingGroup();
    const [known, other] = drawn(2) as [ReturnType<typeof signerOf>, ReturnType<typeof signerOf>];
    group.ed25519.prepare([known.key]);
    const verdicts = [known, other].map((signer) => {
      const signature = sign(signer, utf8("once"), scalarOf(99n));
      return [group.ed25519.verify(signer.key, utf8("once"), signature), asked()];
    });
    expect(verdicts).toEqual([
      [true, 0],
      [true, 1],
    ]);
  });

  test("thousands of signatures, each as libsodium does", () => {
    const { group, asked } = countingGroup();
    const signers = drawn(16);
    group.ed25519.prepare(signers.map(({ key }) => key));
    for (let i = 0; i < 2000; i++) {
      const signer = signers[(7 * i) % 16] ?? signerOf(scalarOf(1n));
      const message = random(i % 150);
      const good = sign(signer, message, randomScalar(quick, random));
      const bad = good.with(i % 64, (good[i % 64] ?? 0) ^ (1 << (i % 8)));
      expect(group.ed25519.verify(signer.key, message, good)).toBe(true);
      expect(sodiumVerifies(signer.key, message, good)).toBe(true);
      expect(group.ed25519.verify(signer.key, message, bad)).toBe(sodiumVerifies(signer.key, message, bad));
    }
    expect(asked()).toBe(0);
  });

  test("refuses what a laxer rule would take, prepared or not", () => {
    const message = utf8("a vote");
    for (const signer of [signerOf(scalarOf(1n)), signerOf(scalarOf(-1n)), ...drawn(2)]) {
      const [prepared, plain] = [countingGroup().group, countingGroup().group];
      prepared.ed25519.prepare([signer.key]);
      for (const [name, forged] of forgeries(signer, message, randomScalar(quick, random))) {
        for (const { ed25519 } of [prepared, plain, portableGroup]) {
          expect(ed25519.verify(signer.key, message, forged), name).toBe(false);
        }
      }
    }
  });

  // RFC 8032 section 7.1, tests 1, 2 and 3.
  test.each([
    [
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
  ])("takes the signature of RFC 8032 under %s", (key, message, signature) => {
    const { group, asked } = countingGroup();
    group.ed25519.prepare([hex(key)]);
    expect(group.ed25519.verify(hex(key), hex(`${message}00`), hex(signature))).toBe(false);
    expect(group.ed25519.verify(hex(key), hex(message), hex(signature))).toBe(true);
    expect(asked()).toBe(0);
  });

  test("takes and gives Node Buffers, a view's part and a long message", () => {
    const { group } = countingGroup();
    const [signer] = drawn(1) as [ReturnType<typeof signerOf>];
    const message = random(100_000);
    const packet = Buffer.concat([signer.key, sign(signer, message, scalarOf(7n)), message]);
    group.ed25519.prepare([packet.subarray(0, 32)]);
    const key = Buffer.from(packet.subarray(0, 32));
    packet.fill(0, 0, 32);
    expect(group.ed25519.verify(key, packet.subarray(96), packet.subarray(32, 96))).toBe(true);
    expect(group.ed25519.verify(key, packet.subarray(97), packet.subarray(32, 96))).toBe(false);
  });
});

describe("the keys with a table", () => {
  test("are the first sixteen different ones, and others verify all the same", () => {
    const points = publicPoints(freshModule());
    const signers = drawn(18);
    const keys = signers.map(({ key }) => key);
    points.tabulate([...keys.slice(0, 9), ...keys.slice(0, 9)]);
    points.tabulate(keys);
    expect(keys.map((key) => points.difference(key) !== undefined)).toEqual(keys.map((_, i) => i < 16));
    const [s, c] = [scalarOf(2n ** 200n + 1n), scalarOf(2n ** 251n - 5n)];
    for (const { secret, key } of signers.slice(0, 16)) {
      expect(points.difference(key)?.(s, c)).toEqual(
        quick.baseMul(quick.scalarSub(s, quick.scalarMul(c, secret))),
      );
    }
    if (sodium === undefined) return;
    const { group } = countingGroup(points);
    for (const signer of signers) {
      const signature = sign(signer, c, s);
      expect(group.ed25519.verify(signer.key, c, signature)).toBe(true);
    }
  });

  test("are valid: no string that is no key takes a place", () => {
    const points = publicPoints(freshModule());
    const bad = [...torsion, ...mixedOrder, ...nonCanonical.map(([, bytes]) => bytes), quick.generator];
    points.tabulate([...bad, ...bad]);
    for (const key of bad) expect(points.difference(key)).toBeUndefined();
    const keys = drawn(16).map(({ key }) => key);
    points.tabulate(keys);
    for (const key of keys) expect(points.difference(key)).toBeDefined();
  });

  test("stay, whatever else is validated and added up", () => {
    const points = publicPoints(freshModule());
    const [signer, ...others] = drawn(3) as [ReturnType<typeof signerOf>];
    points.tabulate([signer.key]);
    const many = Array.from({ length: 8300 }, (_, i) => quick.baseMul(quick.scalarFromNumber(i + 2)));
    expect(points.valid(many)).toBe(true);
    points.sum([scalarOf(5n)], [quick.generator]);
    points.tabulate(others.map(({ key }: { key: Uint8Array }) => key));
    const expected = quick.baseMul(quick.scalarSub(scalarOf(5n), signer.secret));
    expect(points.difference(signer.key)?.(scalarOf(5n), scalarOf(1n))).toEqual(expected);
  });

  test.each(backends.map((group) => [group.name, group] as const))("may be anything to %s", (_, group) => {
    const [signer] = drawn(1) as [ReturnType<typeof signerOf>];
    group.ed25519.prepare([signer.key, new Uint8Array(0), new Uint8Array(33), ...torsion]);
    group.ed25519.prepare([]);
    const message = utf8("announced");
    expect(group.ed25519.verify(signer.key, message, sign(signer, message, scalarOf(5n)))).toBe(true);
    for (const key of torsion) expect(group.ed25519.verify(key, message, new Uint8Array(64))).toBe(false);
  });
});

describe.runIf(sodium !== undefined)("the self test", () => {
  const { misread, changed, either } = brokenDifference("subtractProducts");

  test.each<[string, Broken]>([
    ...either,
    [
      "has one sign in 64 wrong",
      changed((out) => out.set([(out[31] ?? 0) ^ ((out[0] ?? 0) < 4 ? 128 : 0)], 31)),
    ],
    ["takes -128 for nothing", misread((c) => c.set(c.map((byte) => (byte === 128 ? 0 : byte))))],
    ["loses a carry", misread((c) => c.set(c.map((byte) => (byte === 255 ? 0 : byte))))],
    ["takes one digit for the next", misread((c) => c.set(c.map((byte) => (byte === 77 ? 78 : byte))))],
    ["takes the first table for all", (good) => ({ subtractProducts: () => good.subtractProducts(0) })],
    [
      "makes the first table alone",
      (good) => ({ makeComb: (at, slot) => at === 0 && good.makeComb(at, slot) }),
    ],
    ["makes a table of another point", (good) => ({ makeComb: (at, slot) => good.makeComb(at, slot + 1) })],
    ["makes each table of all", (good) => ({ makeComb: (_, slot) => good.makeComb(0, slot) })],
    ["traps", () => ({ makeComb: traps })],
  ])("refuses a module that %s", (_, broken) => {
    expect(passesBroken(broken)).toBe(false);
  });

  test("takes one that only looks on", () => {
    expect(passesBroken(misread(() => undefined))).toBe(true);
  });

  test.each<[string, (good: PublicPoints) => Partial<PublicPoints>]>([
    ["give the identity for every difference", () => ({ difference: () => () => quick.identity })],
    [
      "are there for every key",
      (good) => ({ difference: (key) => good.difference(key) ?? (() => quick.generator) }),
    ],
    [
      "take 1 for every S",
      (good) => ({ difference: (key) => good.difference(key)?.bind(undefined, scalarOf(1n)) }),
    ],
  ])("refuses tables that %s", (_, broken) => {
    const good = publicPoints(freshModule());
    expect(passes({ ...good, ...broken(good) })).toBe(false);
  });

  test("passes without tables, and with those of a module that makes none", () => {
    const good = publicPoints(freshModule());
    expect(passes()).toBe(true);
    expect(passes({ ...good, difference: () => undefined })).toBe(true);
  });

  test("leaves all places to the keys that come", async () => {
    const good = freshModule();
    let [made, used] = [0, 0];
    const exports: StrausExports = {
      ...good,
      makeComb: (at, slot) => {
        made++;
        good.makeComb(at, slot);
      },
      subtractProducts: (comb) => {
        used++;
        good.subtractProducts(comb);
      },
    };
    const Instance = class {
      readonly exports = exports;
    };
    vi.stubGlobal("WebAssembly", { validate: () => true, Module: Object, Instance });
    const group = await loadFastGroup().finally(() => vi.unstubAllGlobals());
    expect([made, used > 100]).toEqual([2, true]);
    [made, used] = [0, 0];
    const signers = drawn(16);
    group?.ed25519.prepare(signers.map(({ key }) => key));
    for (const signer of signers) {
      const signature = sign(signer, utf8("first"), scalarOf(3n));
      expect(group?.ed25519.verify(signer.key, utf8("second"), signature)).toBe(false);
      expect(group?.ed25519.verify(signer.key, utf8("first"), signature)).toBe(true);
    }
    expect([made, used]).toEqual([16, 32]);
  });
});
