import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { afterEach, describe, expect, test } from "vitest";
import { toHex, utf8 } from "../../src/bytes.ts";
import { type Hashes, hashes, portableHashes, taggedHash, useHashes } from "../../src/encoding/index.ts";
import { draw, newPool, stir } from "../../src/session/workload/entropy-pool.ts";

afterEach(() => useHashes(portableHashes));

describe("hashes", () => {
  // FIPS 180-4's example; RFC 4231 section 4.3 (test case 2).
  test("match published vectors", () => {
    expect(toHex(portableHashes.sha256(utf8("abc")))).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    expect(
      toHex(portableHashes.hmacSha512(utf8("Jefe"), utf8("what do ya want "), utf8("for nothing?"))),
    ).toBe(
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    );
  });

  test("are those that were chosen, and get the tag before the payload", () => {
    const seen: string[] = [];
    const mine: Hashes = {
      ...portableHashes,
      sha256: (bytes) => {
        seen.push(new TextDecoder().decode(bytes));
        return portableHashes.sha256(bytes);
      },
    };
    useHashes(mine);
    expect(hashes()).toBe(mine);
    taggedHash("ipse/v1/x", utf8("one"), utf8("two"));
    expect(seen).toEqual(["\tipse/v1/xonetwo"]);
  });
});

describe("the entropy pool", () => {
  test.each([1, 32, 64, 65, 200])("draws %i bytes as HKDF over pool and kernel does", (count) => {
    let next = 1;
    const random = (length: number): Uint8Array => new Uint8Array(length).fill(next++);
    const pool = newPool(random);
    const before = pool.slice();
    const drawn = draw(pool, random, count);
    const kernel = new Uint8Array(32).fill(2);
    expect(drawn).toEqual(hkdf(sha512, kernel, before, utf8("ipse/v1/pool-draw"), count));
    expect(pool).toEqual(hkdf(sha512, kernel, before, utf8("ipse/v1/pool-next"), 64));
  });

  test("takes a salt in with an HMAC under what it held", () => {
    const pool = newPool((length) => new Uint8Array(length).fill(7));
    const salted = utf8("ipse/v1/pool-salt");
    const salt = new Uint8Array(32).fill(9);
    const expected = hmac.create(sha512, pool.slice()).update(salted).update(salt).digest();
    stir(pool, salt);
    expect(pool).toEqual(expected);
  });
});
