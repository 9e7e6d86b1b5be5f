import { ed25519 as noble } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { portableGroup, type Scalar } from "../../src/group/index.ts";
import { RECURRING_USES } from "../../src/group/key-tables.ts";
import { publicPoints } from "../../src/group/straus.ts";
import { bytes, nodeVerify, runs } from "./backends.ts";
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

const L = portableGroup.order;
/** Its tables are made over and over: none may depend on the one before. */
const wasm = freshModule();

/** Whatever a digit can be: the last before a carry, the first after it, and runs of them. */
const digits = fc
  .array(fc.constantFrom(0, 1, 126, 127, 128, 129, 254, 255), { minLength: 31, maxLength: 31 })
  .map((list) => list.reduce((sum, digit, i) => sum + (BigInt(digit) << BigInt(8 * i)), 0n));

const scalar: fc.Arbitrary<Scalar> = fc
  .oneof(
    fc.nat({ max: 300 }).map(BigInt),
    fc.nat({ max: 300 }).map((d) => L - BigInt(d)),
    fc.nat({ max: 252 }).map((n) => 2n ** BigInt(n)),
    digits,
    bytes(32).map((raw) => BigInt(`0x${Buffer.from(raw).toString("hex")}`)),
  )
  .map(scalarOf);

/** Not the identity, which is no key. */
const signer: fc.Arbitrary<Signer> = scalar.filter((secret) => !quick.scalarIsZero(secret)).map(signerOf);
const message = fc.oneof(
  { weight: 5, arbitrary: fc.uint8Array({ maxLength: 150 }) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 250, maxLength: 3000 }) },
);

describe.runIf(sodium !== undefined)("with a table of its key", () => {
  test("[s]B - [c]A is what libsodium and noble make of it", () => {
    const { points } = countingGroup();
    const kept: Signer[] = [];
    fc.assert(
      fc.property(signer, scalar, scalar, (drawn, s, c) => {
        // The first sixteen get a table for good, which serves the others' numbers as well; those a smaller one.
        points.tabulate([drawn.key]);
        for (let i = 0; i < RECURRING_USES; i++) points.used(drawn.key);
        if (points.difference(drawn.key) !== undefined) kept.push(drawn);
        for (const { secret, key } of [...kept.slice(0, 1), ...kept.slice(-2)]) {
          const expected = quick.baseMul(quick.scalarSub(s, quick.scalarMul(c, secret)));
          expect(points.difference(key)?.(s, c)).toEqual(expected);
          const point = portableGroup.decodePoint(key);
          const terms = [s, portableGroup.scalarNegate(c)];
          expect(portableGroup.multiMulPublic(terms, [portableGroup.generator, point])).toEqual(expected);
        }
      }),
      runs(1),
    );
    expect(kept.length).toBeGreaterThan(0);
  });

  test("good signatures are good to all, changed ones to none", () => {
    fc.assert(
      fc.property(signer, message, scalar, fc.nat({ max: 511 }), (drawn, text, nonce, bit) => {
        const { group, points, asked } = countingGroup(publicPoints(wasm));
        group.ed25519.prepare([drawn.key]);
        const signature = sign(drawn, text, nonce);
        const changed = signature.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
        for (const candidate of [changed, signature, changed]) {
          const verdict = sodiumVerifies(drawn.key, text, candidate);
          expect(group.ed25519.verify(drawn.key, text, candidate)).toBe(verdict);
          expect(portableGroup.ed25519.verify(drawn.key, text, candidate)).toBe(verdict);
          if (quick.scalarIsZero(nonce)) continue;
          expect(verdict).toBe(candidate === signature);
          expect(nodeVerify(drawn.key, text, candidate)).toBe(verdict);
          expect(noble.verify(candidate, text, drawn.key, { zip215: false })).toBe(verdict);
        }
        expect(asked()).toBe(points.difference(drawn.key) === undefined ? 3 : 0);
      }),
      runs(0.5),
    );
  });

  test("what a laxer rule would take is refused by all", () => {
    fc.assert(
      fc.property(signer, message, scalar, (drawn, text, nonce) => {
        const { group } = countingGroup(publicPoints(wasm));
        group.ed25519.prepare([drawn.key]);
        for (const [name, forged] of forgeries(drawn, text, nonce)) {
          const verdict = group.ed25519.verify(drawn.key, text, forged);
          expect(verdict, name).toBe(false);
          expect(sodiumVerifies(drawn.key, text, forged) ?? false, name).toBe(false);
          expect(portableGroup.ed25519.verify(drawn.key, text, forged), name).toBe(false);
        }
      }),
      runs(0.1),
    );
  });
});
