import { describe, expect, test } from "vitest";
import { runOne } from "../src/campaign/index.ts";
import { SCENARIOS } from "../src/scenarios/index.ts";

const NAMES = [
  "clone-first",
  "crash-restart",
  "network-replay",
  "golden-image",
  "ticket-theft",
  "token-replay",
];

describe("a seed is the whole run", () => {
  test.each(NAMES)("%s gives the same trace to the byte", (name) => {
    const scenario = SCENARIOS.find((one) => one.name === name);
    if (scenario === undefined) throw new Error(name);
    const first = runOne(scenario, "twice", { trace: true });
    const second = runOne(scenario, "twice", { trace: true });
    expect(first.lines.length).toBeGreaterThan(20);
    expect(second.lines.join("\n")).toBe(first.lines.join("\n"));
    expect(second.events).toBe(first.events);
  });

  test("tracing changes nothing", () => {
    const [scenario] = SCENARIOS;
    if (scenario === undefined) throw new Error("no scenario");
    expect(runOne(scenario, "x", { trace: true }).events).toBe(runOne(scenario, "x").events);
  });

  test("another seed is another run", () => {
    const scenario = SCENARIOS.find((one) => one.name === "clone-first");
    if (scenario === undefined) throw new Error("no scenario");
    const [a, b] = ["a", "b"].map((seed) => runOne(scenario, seed, { trace: true }).lines.join("\n"));
    expect(a).not.toBe(b);
  });
});
