import { describe, expect, test } from "vitest";
import { runOne } from "../src/campaign/index.ts";
import { SCENARIOS } from "../src/scenarios/index.ts";

const RUNS = process.env["IPSE_TEST_FULL"] === "1" ? 40 : 4;

test("there are 54 scenarios, numbered, each in a name of its own", () => {
  expect(SCENARIOS.map(({ number }) => number)).toEqual(Array.from({ length: 54 }, (_, i) => i + 1));
  expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(54);
});

describe("smoke campaign", () => {
  test.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))(
    "%s",
    { timeout: 300_000 },
    (_name, scenario) => {
      for (let i = 0; i < RUNS; i++) {
        const result = runOne(scenario, `smoke-${i}`);
        expect({ seed: result.seed, code: result.code, problems: result.problems }).toEqual({
          seed: result.seed,
          code: result.expected,
          problems: [],
        });
      }
    },
  );
});

/** Seeds that once failed, each with what it found. */
const REGRESSIONS: readonly [scenario: string, seed: string, found: string][] = [
  [
    "oracle-stale-disk",
    "1-2",
    "a vote outside its certificate was never shown to peers, so a rollback went unseen",
  ],
  ["successive-rollbacks", "1-0", "the same, for several oracles one after the other"],
  ["oracle-equivocation", "1-3", "peers kept an older vote of a liar and missed the contradiction"],
  [
    "oracle-equivocation",
    "2026112219-4280",
    "a second vote for a step that its witness had moved on from was not held against the certificate",
  ],
  ["too-many-rollbacks", "1-3", "an oracle that jumped over the twin of its head did not look back"],
  [
    "corrupt-and-stale",
    "2026112220-81",
    "disks were stolen while the workload's word to erase was on its way",
  ],
  [
    "lying-signer",
    "20261129-57",
    "without a slot that comes with the shares, whoever was first with a new one was taken: the silent spoiled each attempt",
  ],
  ["bad-dealing", "20261122-235", "the script looked while an honest ratchet was under way"],
];

describe("regressions", () => {
  test.each(REGRESSIONS)("%s:%s (%s)", (name, seed) => {
    const scenario = SCENARIOS.find((one) => one.name === name);
    if (scenario === undefined) throw new Error(name);
    const result = runOne(scenario, seed);
    expect(result.problems).toEqual([]);
    expect(result.code).toBe(result.expected);
  });
});
