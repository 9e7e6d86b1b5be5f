import { describe, expect, test } from "vitest";
import { PARTS, readOptions, UsageError } from "../src/options.ts";
import { asText, merge, TARGETS } from "../src/report.ts";

describe("options", () => {
  test("all parts unless some are named", () => {
    expect(readOptions([])).toEqual({ json: false, quick: false, parts: PARTS });
    const some = readOptions(["--json", "--quick", "--only", "cluster,signing"]);
    expect(some).toEqual({ json: true, quick: true, parts: ["signing", "cluster"] });
  });

  test.each([["--fast"], ["--only", "nothing"], ["signing"]])("refuses %s", (...args) => {
    expect(() => readOptions(args)).toThrow(UsageError);
  });
});

describe("report", () => {
  const findings = merge([
    { ratios: { commit: 15.123 }, figures: { commit_us: 33.3333 } },
    { ratios: { verify_share_k4: 1 }, figures: { group: "g" } },
  ]);

  test("merges the parts and rounds", () => {
    expect(findings).toEqual({
      ratios: { commit: 15.1, verify_share_k4: 1 },
      figures: { commit_us: 33.3, group: "g" },
    });
  });

  test("says of each ratio what it reached", () => {
    const text = asText(findings);
    expect(text).toMatch(/commit +15.1 +10 +15 +goal/);
    expect(text).toMatch(/verify_share_k4 +1 +60 +200 +BELOW/);
  });

  test("has a target for every key of the table", () => {
    expect(Object.keys(TARGETS)).toHaveLength(18);
    for (const { must, goal } of Object.values(TARGETS)) expect(goal).toBeGreaterThan(must);
  });
});
