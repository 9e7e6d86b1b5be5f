import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toHex } from "../../src/bytes.ts";
import { foldWords, RecentBytes, WAYS } from "../../src/group/recent-bytes.ts";
import { runs } from "./backends.ts";

const PARTS_BYTES_MAX = 24;
const nameOf = (parts: readonly Uint8Array[]): string => parts.map(toHex).join("/");
const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });
/** So few that what was kept is looked up again. */
const few = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3, max: 1 }), { minLength: 1, maxLength: 2 });

/** The words of an entry: the length of it all, then the length of each part and the part. */
function wordsOf(...parts: readonly Uint8Array[]): Int32Array {
  const bytes = parts.flatMap((part) => [part.length, ...part]);
  const words = new Int32Array(1 + Math.ceil(bytes.length / 4));
  words[0] = 4 + bytes.length;
  new Uint8Array(words.buffer).set(bytes, 4);
  return words;
}

const hashOf = (...parts: readonly Uint8Array[]): number => {
  const words = wordsOf(...parts);
  return foldWords(words, words.length);
};

/** The last of the parts with other last four bytes, which end the entry: the hash is this then. */
function withHash(parts: readonly Uint8Array[], hash: number): Uint8Array {
  let inverse = 1;
  for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(inverse, 0x9e3779b1));
  const words = wordsOf(...parts);
  const last = words.length - 1;
  words[last] = foldWords(words, last) ^ Math.imul(hash, inverse);
  return new Uint8Array(words.buffer).slice(-(parts.at(-1)?.length ?? 0));
}

describe("a table of byte strings of late", () => {
  test("finds what is in its place and nothing else, however strings are cut into parts", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(parts, few), fc.boolean()), { maxLength: 60 }), (calls) => {
        const table = new RecentBytes(2, PARTS_BYTES_MAX);
        const places = new Map<number, string>();
        for (const [string, keeps] of calls) {
          const place = table.find(...string);
          const held = [...places].find(([, name]) => name === nameOf(string));
          expect(place).toBe(held?.[0] ?? -1);
          if (place >= 0 && !keeps) {
            table.forget(place);
            places.delete(place);
          } else if (place < 0 && keeps) places.set(table.keep(), nameOf(string));
        }
      }),
      runs(1),
    );
  });

  test("gives up the oldest of a set, never one that may not go, and nothing when none may", () => {
    const table = new RecentBytes(1, 8);
    const strings = Array.from({ length: WAYS + 2 }, (_, i) => Uint8Array.of(i + 1));
    const placeOf = (i: number): number => table.find(strings[i] ?? Uint8Array.of());
    for (let i = 0; i < WAYS; i++) {
      expect(placeOf(i)).toBe(-1);
      expect(table.keep()).toBe(i);
    }
    expect(placeOf(WAYS)).toBe(-1);
    expect(table.keep(() => false)).toBe(-1);
    expect(table.keep((place) => place !== 0)).toBe(1);
    expect(strings.map((_, i) => placeOf(i))).toEqual([0, -1, 2, 3, 1, -1]);
    expect(placeOf(WAYS + 1)).toBe(-1);
    expect(table.keep()).toBe(2);
  });

  test.each([0, 3, 7, 11, 14])("compares all of what has the same hash: byte %i differs", (at) => {
    const kept = Uint8Array.from({ length: 15 }, (_, i) => 7 * i + 1);
    // The last word alone decides the hash but for its lowest bit, which does not count.
    const other = at < 11 ? withHash([kept.with(at, 99)], hashOf(kept)) : withHash([kept], hashOf(kept) ^ 1);
    expect(hashOf(other) | 1).toBe(hashOf(kept) | 1);
    expect([other.length, other[at] === kept[at]]).toEqual([15, false]);
    const table = new RecentBytes(1, 32);
    expect(table.find(kept)).toBe(-1);
    expect(table.keep()).toBe(0);
    expect([table.find(other), table.find(kept)]).toEqual([-1, 0]);
  });

  test("tells what begins another from it, where both have the same hash", () => {
    const first = Uint8Array.of(1, 2, 3);
    const second = withHash([first, new Uint8Array(7)], hashOf(first));
    expect(hashOf(first, second)).toBe(hashOf(first));
    const table = new RecentBytes(1, 32);
    table.find(first, second);
    table.keep();
    expect([table.find(first), table.find(first, second)]).toEqual([-1, 0]);
  });

  test("refuses what does not fit", () => {
    const table = new RecentBytes(4, 8);
    expect(() => table.find(new Uint8Array(8))).toThrow(RangeError);
    expect(() => new RecentBytes(4, 400).find(new Uint8Array(256))).toThrow(RangeError);
  });
});
