import { expect, test } from "vitest";
import { explore } from "../src/explore/explore.ts";

test("every promise holds on every state of a bounded search with a clone and a crash", {
  timeout: 300_000,
}, () => {
  const result = explore({ steps: 2, crashes: 1, statesMax: 15_000, clone: true });
  expect(result.violations).toEqual([]);
  expect(result.states).toBeGreaterThanOrEqual(15_000);
  expect(result.forked).toBeGreaterThan(100);
});

test("without a clone no order and no crash gives evidence or a suspension", { timeout: 300_000 }, () => {
  const result = explore({ steps: 1, crashes: 1, statesMax: 10_000, clone: false });
  expect(result.violations).toEqual([]);
  expect(result.forked).toBe(0);
});
