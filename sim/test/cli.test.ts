import { describe, expect, test } from "vitest";
import { count, failureKind, merge, newTally, percentile, runOne, tallyJson } from "../src/campaign/index.ts";
import { findScenario } from "../src/cli/find.ts";
import { integer, oneOf, parse } from "../src/cli/options.ts";
import { compare } from "../src/compare/compare.ts";

describe("options", () => {
  test("what is unknown is named", () => {
    expect(() => parse(["--rnus", "3"], { runs: { type: "string" } })).toThrow(/--rnus/);
    expect(() => findScenario("clone-frist")).toThrow(/unknown scenario clone-frist.*clone-first/);
  });

  test("numbers have bounds, choices have names", () => {
    expect(() => integer({ runs: "-1" }, "runs", 1, 1, 10)).toThrow(
      /--runs must be a whole number from 1 to 10/,
    );
    expect(() => integer({ runs: "1e9" }, "runs", 1, 1, 10)).toThrow(/--runs/);
    expect(integer({}, "runs", 7, 1, 10)).toBe(7);
    expect(() => oneOf({ crypto: "rot13" }, "crypto", ["symbolic", "real"], "symbolic")).toThrow(
      /symbolic, real/,
    );
  });
});

describe("a tally", () => {
  test("is the same however the runs are divided", () => {
    const scenario = findScenario("victim-first");
    const results = [0, 1, 2, 3].map((i) => runOne(scenario, `t-${i}`));
    const whole = newTally();
    const [left, right] = [newTally(), newTally()];
    results.forEach((result, i) => {
      count(whole, result, scenario.expected);
      count(i % 2 === 0 ? left : right, result, scenario.expected);
    });
    merge(left, right);
    expect(tallyJson(left, "t", 1, 1)).toEqual(tallyJson(whole, "t", 1, 1));
    expect(tallyJson(whole, "t", 1, 1)).toMatchObject({
      seed: "t",
      runs: 4,
      misses: 0,
      false_revocations: 0,
      unexpected: 0,
    });
    const cut = tallyJson(whole, "t", 1, 1, 10);
    expect(cut).toMatchObject({ runs: 4, planned_runs: 10 });
  });

  test("percentiles are read off the histogram", () => {
    const histogram = { 1: 50, 10: 49, 100: 1 };
    expect([0.5, 0.99, 1].map((share) => percentile(histogram, share))).toEqual([1, 10, 100]);
    expect(percentile({}, 0.5)).toBeNull();
  });

  test("a run without deviation has no failure", () => {
    expect(failureKind(runOne(findScenario("1"), "k"))).toBeUndefined();
  });
});

test("the comparison is measured, and Ipse ends a theft of the state in seconds", {
  timeout: 300_000,
}, () => {
  const rows = compare("test", 10);
  expect(rows.length).toBe(13);
  for (const row of rows) expect(row.cells.length).toBe(5);
  const cell = (id: string, attack: string) =>
    rows.find((row) => row.id === id)?.cells.find((one) => one.attack === attack);
  expect(cell("api-key", "secret-file")?.usable_p50_ms).toBeNull();
  expect(cell("ipse", "secret-file")?.detected_share).toBe(1);
  expect(cell("ipse", "secret-file")?.usable_p99_ms).toBeLessThan(15_000);
  expect(cell("ipse", "token-on-wire")?.usable_p50_ms).toBe(0);
});
