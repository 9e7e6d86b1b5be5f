import { expect, test } from "vitest";
import { encode, encodeForCopying, struct, u32, varBytes } from "../../src/encoding/index.ts";
import { seededRandom } from "../group/backends.ts";

const record = struct({ name: u32, bytes: varBytes(10_000) });

test("encodings for copying are the same bytes, and none lies over another", () => {
  const random = seededRandom("encodings for copying");
  const lengths = [0, 1, 63, 64, 700, 4087, 4088, 4089, 9000];
  const values = Array.from({ length: 400 }, (_, i) => {
    return { name: i, bytes: random(lengths[i % lengths.length] ?? 0) };
  });
  const parts = values.map((value) => encodeForCopying(record, value));
  expect(parts).toEqual(values.map((value) => encode(record, value)));
  // Small ones share memory, large ones do not.
  const memory = new Set(parts.map(({ buffer }) => buffer));
  expect(memory.size).toBeLessThan(200);
});

test("a value that does not fit leaves nothing behind", () => {
  expect(() => encodeForCopying(record, { name: 1, bytes: new Uint8Array(10_001) })).toThrow(
    "more than 10000 bytes",
  );
  expect(encodeForCopying(u32, 7)).toEqual(encode(u32, 7));
});
