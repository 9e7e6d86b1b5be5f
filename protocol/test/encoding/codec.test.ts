import { expect, test } from "vitest";
import { bool, type Codec, decode, encode, struct, u8, u16, union } from "../../src/encoding/index.ts";

const pair = struct({ second: u8, first: u16 });
const either: Codec<unknown> = union({ pair: [1, pair], flag: [2, struct({ flag: bool })] });

test("what is decoded are plain objects, with their fields in the order in which they are declared", () => {
  const values = [
    decode(pair, Uint8Array.of(1, 0, 2)),
    decode(either, Uint8Array.of(1, 1, 0, 2)),
    decode(either, Uint8Array.of(2, 1)),
  ];
  expect(values).toStrictEqual([
    { second: 1, first: 2 },
    { kind: "pair", second: 1, first: 2 },
    { kind: "flag", flag: true },
  ]);
  expect(values.map((value) => Object.keys(value as object))).toEqual([
    ["second", "first"],
    ["kind", "second", "first"],
    ["kind", "flag"],
  ]);
  expect(values.every((value) => Object.getPrototypeOf(value) === Object.prototype)).toBe(true);
  expect(encode(either, values[1])).toEqual(Uint8Array.of(1, 1, 0, 2));
});

test("a union does not take a tag twice", () => {
  expect(() => union({ a: [1, pair], b: [1, pair] })).toThrow("tag 1 is used twice");
});
