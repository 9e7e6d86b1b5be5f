import { describe, expect, test } from "vitest";
import { agreedStatus } from "../../src/verifier/index.ts";

const FOUR = { quorum: 3, byzantineMax: 1 };
const SEVEN = { quorum: 5, byzantineMax: 2 };

describe("the status of a token, as oracles together say it", () => {
  test("one oracle's word is never enough, whatever it says", () => {
    for (const word of [true, false]) {
      expect(agreedStatus([word], FOUR, true)).toBeUndefined();
      expect(agreedStatus([word, word], SEVEN, true)).toBeUndefined();
    }
    expect(agreedStatus([], FOUR, true)).toBeUndefined();
  });

  test("b+1 that call it inactive end it, however many still call it active", () => {
    expect(agreedStatus([false, false], FOUR, false)).toBe(false);
    expect(agreedStatus([true, false, true, false], FOUR, true)).toBe(false);
    expect(agreedStatus([true, true, true, true, false, false, false], SEVEN, true)).toBe(false);
  });

  test("one liar neither ends a token nor keeps a revoked one alive", () => {
    expect(agreedStatus([false, true, true, true], FOUR, false)).toBe(true);
    expect(agreedStatus([true, false, false, false], FOUR, false)).toBe(false);
  });

  test("b+1 words for it count when no more are to come, q at once", () => {
    expect(agreedStatus([true, true], FOUR, false)).toBeUndefined();
    expect(agreedStatus([true, true], FOUR, true)).toBe(true);
    expect(agreedStatus([true, true, true], FOUR, false)).toBe(true);
    expect(agreedStatus([true, false], FOUR, true)).toBeUndefined();
  });
});
