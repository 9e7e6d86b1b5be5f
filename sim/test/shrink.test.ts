import { describe, expect, test } from "vitest";
import { linesUntilFailure, runOne, shrink } from "../src/campaign/index.ts";
import { findScenario } from "../src/cli/find.ts";
import { CONTROLS } from "../src/controls/index.ts";

const SEED = "c-0";

function controlled(name: string) {
  const control = CONTROLS.find((one) => one.name === name);
  if (control === undefined) throw new Error(name);
  return control;
}

describe("a failing schedule gets shorter by leaving out single events", () => {
  const { scenario, apply } = controlled("double-vote-after-restart");
  const shrunk = shrink(scenario, SEED, { control: apply, seeds: 0, deletions: 250 });

  test("fewer faults, deliveries and moves fail in the same way", { timeout: 300_000 }, () => {
    expect(shrunk?.result.problems[0]).toMatch(/^one-vote: /);
    const left = (kind: string) => shrunk?.without.filter((name) => name.startsWith(kind)).length ?? 0;
    expect(left("delivery")).toBeGreaterThan(20);
    expect(left("move")).toBeGreaterThan(0);
    expect(shrunk?.result.decisions.length).toBeLessThan((shrunk?.decisionsBefore ?? 0) / 2);
    const traced = runOne(scenario, shrunk?.result.seed ?? "", {
      control: apply,
      setting: shrunk?.setting ?? {},
      without: new Set(shrunk?.without),
      wire: false,
      trace: true,
    });
    expect(traced.problems).toEqual(shrunk?.result.problems);
    const lines = linesUntilFailure(traced);
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.length).toBeLessThan(traced.lines.length);
  });

  test("the sound build votes once in that very schedule", () => {
    const sound = runOne(scenario, shrunk?.result.seed ?? "", {
      setting: shrunk?.setting ?? {},
      without: new Set(shrunk?.without),
      wire: false,
    });
    expect(sound.problems.filter((problem) => problem.startsWith("one-vote"))).toEqual([]);
  });
});

test("where a lost frame alone could be the failure, no frame is left out", { timeout: 300_000 }, () => {
  const { scenario, apply } = controlled("detector-switched-off");
  const shrunk = shrink(scenario, SEED, { control: apply, seeds: 0, deletions: 60 });
  expect(shrunk?.result.problems[0]).toMatch(/^fork-found-in-time: /);
  expect(shrunk?.without.length).toBeGreaterThan(0);
  expect(shrunk?.without.filter((name) => name.startsWith("delivery"))).toEqual([]);
});

test("recording decisions changes nothing, and a run that does not fail cannot be shrunk", () => {
  const scenario = findScenario("lossy-network");
  const [plain, recorded] = [runOne(scenario, "k"), runOne(scenario, "k", { without: new Set() })];
  expect(recorded.events).toBe(plain.events);
  expect(recorded.decisions.length).toBeGreaterThan(100);
  expect(shrink(scenario, "k", { seeds: 0, deletions: 0 })).toBeUndefined();
});
