import { ed25519 as noble } from "@noble/curves/ed25519.js";
import { describe, expect, test } from "vitest";
import { concatBytes, utf8 } from "../../src/bytes.ts";
import { IpseError } from "../../src/errors.ts";
import { loadGroup, type Scalar } from "../../src/group/index.ts";
import { selfTest } from "../../src/group/self-test.ts";
import { sodiumGroup } from "../../src/group/sodium.ts";
import { loadSodium } from "../../src/group/sodium-load.ts";
import { backends, fastGroup } from "./backends.ts";
import { badScalars, largestScalar, mixedOrder, nonCanonical, torsion } from "./encodings.ts";

const code = (expected: string) => expect.objectContaining({ code: expected });

describe.each(backends.map((group) => [group.name, group] as const))("%s", (_, group) => {
  test("decodes its own points and scalars into copies, also from a Node Buffer", () => {
    const buffer = Buffer.from(group.generator);
    const point = group.decodePoint(buffer);
    buffer.fill(0);
    expect(group.equal(point, group.generator)).toBe(true);
    const scalarBuffer = Buffer.from(largestScalar);
    const scalar = group.decodeScalar(scalarBuffer);
    scalarBuffer.fill(0);
    expect(scalar).toEqual(largestScalar);
    expect(group.scalarIsZero(group.decodeScalar(new Uint8Array(32)))).toBe(true);
  });

  test.each(torsion.map((point, i) => [i, point] as const))("refuses torsion point %i", (_i, point) => {
    expect(() => group.decodePoint(point)).toThrow(code("ERR_GROUP_POINT"));
  });

  test.each(mixedOrder.map((point, i) => [i, point] as const))(
    "refuses mixed-order point %i",
    (_i, point) => {
      expect(() => group.decodePoint(point)).toThrow(code("ERR_GROUP_POINT"));
    },
  );

  test.each(nonCanonical)("refuses the point %s", (_name, point) => {
    expect(() => group.decodePoint(point)).toThrow(code("ERR_GROUP_POINT"));
  });

  test.each(badScalars)("refuses the scalar %s", (_name, scalar) => {
    expect(() => group.decodeScalar(scalar)).toThrow(code("ERR_GROUP_SCALAR"));
  });

  test("refuses to invert zero, wide scalars of another length and negative or fractional numbers", () => {
    const zero = group.scalarFromNumber(0);
    expect(() => group.scalarInvert(zero)).toThrow(code("ERR_GROUP_SCALAR"));
    expect(() => group.scalarFromWide(new Uint8Array(63))).toThrow(code("ERR_GROUP_SCALAR"));
    for (const number of [-1, 1.5, Number.NaN, 2 ** 53]) {
      expect(() => group.scalarFromNumber(number)).toThrow(code("ERR_GROUP_SCALAR"));
    }
  });

  test("answers for the identity and zero", () => {
    const { identity, generator } = group;
    const zero = group.scalarFromNumber(0);
    const two = group.scalarFromNumber(2);
    expect(group.baseMul(zero)).toEqual(identity);
    expect(group.mul(zero, generator)).toEqual(identity);
    expect(group.mul(two, identity)).toEqual(identity);
    expect(group.add(generator, identity)).toEqual(generator);
    expect(group.sub(generator, generator)).toEqual(identity);
    expect(group.sub(identity, generator)).toEqual(group.mul(largestScalar as Scalar, generator));
    expect(group.multiMulPublic([], [])).toEqual(identity);
    expect(group.multiMulPublic([zero, two, two], [generator, identity, generator])).toEqual(
      group.baseMul(two),
    );
    expect(() => group.multiMulPublic([two], [])).toThrow(code("ERR_GROUP_LENGTH"));
  });

  test("L - 1 is minus one", () => {
    const minusOne = largestScalar as Scalar;
    expect(group.scalarAdd(minusOne, group.scalarFromNumber(1))).toEqual(group.scalarFromNumber(0));
    expect(group.scalarNegate(group.scalarFromNumber(0))).toEqual(group.scalarFromNumber(0));
    expect(group.scalarInvert(minusOne)).toEqual(minusOne);
    expect(group.scalarMul(minusOne, minusOne)).toEqual(group.scalarFromNumber(1));
  });

  test("hashes its parts as one string", () => {
    expect(group.sha512(utf8("a"), utf8("bc"))).toEqual(group.sha512(utf8("abc")));
    expect(Buffer.from(group.sha512(utf8("abc"))).toString("hex")).toMatch(
      /^ddaf35a193617abacc417349ae204131/,
    );
    expect(group.sha512()).toEqual(group.sha512(new Uint8Array(0)));
  });
});

describe.each(backends.map((group) => [group.name, group] as const))("ed25519 of %s", (_, group) => {
  const { ed25519 } = group;
  const message = utf8("message");
  const seed = group.sha512(utf8("seed")).subarray(0, 32);
  const publicKey = ed25519.publicKey(seed);
  const signature = ed25519.sign(seed, message);

  test("signs RFC 8032 section 7.1 test 2", () => {
    const secret = Buffer.from("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "hex");
    const expected = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da";
    expect(Buffer.from(ed25519.sign(secret, Uint8Array.of(0x72))).toString("hex")).toMatch(expected);
  });

  test("verifies its signature and none other", () => {
    expect(ed25519.verify(publicKey, message, signature)).toBe(true);
    expect(ed25519.verify(publicKey, utf8("massage"), signature)).toBe(false);
    expect(ed25519.verify(group.generator, message, signature)).toBe(false);
    for (const at of [0, 31, 32, 63]) {
      const changed = signature.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(ed25519.verify(publicKey, message, changed)).toBe(false);
    }
    expect(ed25519.verify(publicKey, message, signature.subarray(1))).toBe(false);
    expect(ed25519.verify(publicKey.subarray(1), message, signature)).toBe(false);
    expect(ed25519.verify(new Uint8Array(0), message, new Uint8Array(0))).toBe(false);
  });

  test("refuses S + L", () => {
    const order = BigInt(group.order);
    const s = BigInt(`0x${Buffer.from(signature.slice(32)).reverse().toString("hex")}`) + order;
    const large = Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse();
    expect(ed25519.verify(publicKey, message, concatBytes(signature.slice(0, 32), large))).toBe(false);
  });

  // With S = 0 and R, A of small order the equation holds for some messages: the forgeries of lax verifiers.
  test("refuses small-order keys and R, whatever the message", () => {
    const zero = new Uint8Array(32);
    for (const a of torsion) {
      for (const r of torsion) {
        for (let i = 0; i < 8; i++) {
          expect(ed25519.verify(a, Uint8Array.of(i), concatBytes(r, zero))).toBe(false);
        }
      }
    }
  });

  test("refuses the identity as R although the equation holds", () => {
    const secret = group.scalarFromNumber(42);
    const key = group.baseMul(secret);
    const k = group.scalarFromWide(group.sha512(group.identity, key, message));
    const forged = concatBytes(group.identity, group.scalarMul(k, secret));
    expect(ed25519.verify(key, message, forged)).toBe(false);
  });

  test("refuses a mixed-order key or R although the equation holds up to the cofactor", () => {
    const [secret, nonce] = [group.scalarFromNumber(271828), group.scalarFromNumber(314159)];
    const sign = (r: Uint8Array, a: Uint8Array) => {
      const k = group.scalarFromWide(group.sha512(r, a, message));
      return concatBytes(r, group.scalarAdd(nonce, group.scalarMul(k, secret)));
    };
    const key = group.baseMul(secret);
    expect(ed25519.verify(key, message, sign(group.baseMul(nonce), key))).toBe(true);
    for (const a of mixedOrder) {
      expect(ed25519.verify(a, message, sign(group.baseMul(nonce), a))).toBe(false);
    }
    for (const r of mixedOrder) {
      const k = group.scalarFromWide(group.sha512(r, key, message));
      const s = group.scalarAdd(secret, group.scalarMul(k, secret));
      expect(ed25519.verify(key, message, concatBytes(r, s))).toBe(false);
    }
  });
});

describe("loading", () => {
  const expected = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];

  test.runIf(expected.includes(`${process.platform}-${process.arch}`))(
    "the fast backend is here",
    async () => {
      expect(fastGroup?.name).toBe("ed25519/libsodium");
      expect(await loadGroup()).not.toHaveProperty("warning");
    },
  );

  test.runIf(fastGroup !== undefined)(
    "a libsodium that takes mixed-order points fails the self test",
    async () => {
      const sodium = await loadSodium();
      if (sodium === undefined) throw new IpseError("ERR_INTERNAL", "libsodium is gone");
      const native = Object.create(sodium.native, {
        crypto_core_ed25519_is_valid_point: { value: () => true },
      });
      expect(selfTest(sodiumGroup({ ...sodium, native }))).toBe(false);
      const wasm = { ready: sodium.wasm.ready, crypto_core_ed25519_scalar_mul: (x: Uint8Array) => x };
      expect(selfTest(sodiumGroup({ ...sodium, wasm }))).toBe(false);
      expect(selfTest(sodiumGroup(sodium))).toBe(true);
    },
  );

  test.runIf(fastGroup !== undefined)(
    "a libsodium that judges signatures up to the cofactor, or takes the identity for R, fails the self test",
    async () => {
      const sodium = await loadSodium();
      if (sodium === undefined) throw new IpseError("ERR_INTERNAL", "libsodium is gone");
      const strict = sodium.native.crypto_sign_verify_detached;
      const passes = (verify: typeof strict): boolean =>
        selfTest(
          sodiumGroup({ ...sodium, native: { ...sodium.native, crypto_sign_verify_detached: verify } }),
        );
      expect(passes((...args) => strict(...args))).toBe(true);
      expect(passes((signature, message, key) => noble.verify(signature, message, key))).toBe(false);
      expect(passes((signature, ...more) => strict(signature, ...more) || signature[31] === 0)).toBe(false);
      expect(passes(() => true)).toBe(false);
      expect(passes(() => false)).toBe(false);
    },
  );
});
