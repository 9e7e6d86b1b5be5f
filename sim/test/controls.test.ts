import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runOne } from "../src/campaign/index.ts";
import { CONTROLS, runControl } from "../src/controls/index.ts";

describe("negative controls: every broken build is caught by the promise it breaks", () => {
  test.each(CONTROLS.map((control) => [control.name, control] as const))(
    "%s",
    { timeout: 300_000 },
    (_name, control) => {
      const result = runControl(control, "c");
      expect(result).toMatchObject({ name: control.name, caught: true });
    },
  );
});

describe("the scripts made for controls pass without them", () => {
  const scripts = new Map(
    CONTROLS.filter(({ scenario }) => scenario.number > 100).map((one) => [one.scenario.name, one.scenario]),
  );
  test.each([...scripts])("%s", (_name, scenario) => {
    const result = runOne(scenario, "sound-0");
    expect({ code: result.code, problems: result.problems }).toEqual({ code: result.expected, problems: [] });
  });
});

function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

test("production code has no switch for any of them", () => {
  const root = join(import.meta.dirname, "..", "..");
  const production = ["protocol", "oracle", "workload-agent"].flatMap((name) =>
    sources(join(root, name, "src")),
  );
  expect(production.length).toBeGreaterThan(50);
  const words = [
    ...CONTROLS.map(({ name }) => name),
    "@ipse/sim",
    "negative control",
    "simulat",
    "earlyDone",
    "interposer",
  ];
  for (const path of production) {
    const text = readFileSync(path, "utf8");
    const found = words.filter(
      (word) => text.includes(word) && !/host\/(ports|oracle-host)\.ts$|entropy-pool\.ts$/.test(path),
    );
    expect({ path, found }).toEqual({ path, found: [] });
  }
});
