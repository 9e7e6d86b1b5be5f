import { describe, expect, test } from "vitest";
import { type Case, interleaved, microseconds, speedup } from "../src/measure/rounds.ts";
import { median, quantile, rounded } from "../src/measure/stats.ts";

describe("statistics", () => {
  test("median, quantiles and rounding", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([1, 2, 3, 4])).toBe(2.5);
    expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9);
    expect(median([])).toBeNaN();
    expect(rounded(123.456)).toBe(123);
  });
});

/** A case that takes a known time on a clock the test moves. */
function fakeCases() {
  let nowMs = 0;
  const order: string[] = [];
  const make = (name: string, costMs: number): Case => ({
    name,
    make: (count) => ({
      run: () => {
        order.push(name);
        nowMs += costMs * count;
      },
      check: () => undefined,
    }),
  });
  return { order, make, nowMs: () => nowMs };
}

describe("interleaved rounds", () => {
  test("run the cases by turns and give the ratio of their times", async () => {
    const { order, make, nowMs } = fakeCases();
    const cases = [make("ours", 2), make("peer", 20)];
    const samples = await interleaved(cases, { rounds: 5, caseMs: 40, nowMs });
    expect(samples.get("ours")).toHaveLength(5);
    expect(speedup(samples, "ours", "peer")).toBe(10);
    expect(microseconds(samples, "ours")).toBe(2000);
    expect(order.slice(-4)).toEqual(["ours", "peer", "ours", "peer"]);
  });

  test("divide the time among the participants", async () => {
    const { make, nowMs } = fakeCases();
    const cases = [{ ...make("whole", 8), participants: 4 }];
    const samples = await interleaved(cases, { rounds: 5, caseMs: 40, nowMs });
    expect(microseconds(samples, "whole")).toBe(2000);
  });

  test("a wrong result ends the bench", async () => {
    const wrong: Case = {
      name: "wrong",
      make: () => ({
        run: () => undefined,
        check: () => {
          throw new Error("wrong result while timed: wrong");
        },
      }),
    };
    await expect(interleaved([wrong], { rounds: 5, caseMs: 1 })).rejects.toThrow("wrong result");
  });
});
