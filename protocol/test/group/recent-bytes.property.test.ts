import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toHex } from "../../src/bytes.ts";
import { RecentBytes, WAYS } from "../../src/group/recent-bytes.ts";
import { runs } from "./backends.ts";

const PARTS_BYTES_MAX = 24;
const nameOf = (parts: readonly Uint8Array[]): string => parts.map(toHex).join("/");
const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });

describe("a table of byte strings of late", () => {
  test("finds what is in its place and nothing else, however strings are cut into parts", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(fc.array(fc.tuple(parts, fc.boolean()), { maxLength: 60 }), (calls) => {
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

  test("refuses what does not fit", () => {
    const table = new RecentBytes(4, 8);
    expect(() => table.find(new Uint8Array(8))).toThrow(RangeError);
    expect(() => new RecentBytes(4, 400).find(new Uint8Array(256))).toThrow(RangeError);
  });
});
