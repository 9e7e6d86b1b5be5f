import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runOne } from "../src/campaign/index.ts";
import { scenarioFromFile } from "../src/scenarios/from-file.ts";

const EXAMPLE = join(import.meta.dirname, "..", "examples", "night-shift.yaml");

describe("scenarios of one's own", () => {
  test("the example plays and ends as it says", () => {
    const scenario = scenarioFromFile(readFileSync(EXAMPLE, "utf8"), "night-shift.yaml");
    const result = runOne(scenario, "1");
    expect({ code: result.code, problems: result.problems }).toEqual({ code: "HARD", problems: [] });
  });

  const base = "name: x\nexpected: OK\n";
  test.each([
    [
      "an unknown field",
      `${base}topolgy: 3\nscript:\n  - sign: victim\n`,
      /f\.yaml:3: topolgy: unknown field/,
    ],
    [
      "an impossible topology",
      `${base}topology: { oracles: 4, quorum: 2, byzantine: 1 }\nscript:\n  - sign: victim\n`,
      /f\.yaml:3: topology: impossible: 2q - n > b/,
    ],
    ["a negative time", `${base}script:\n  - sign: victim\n  - wait_ms: -5\n`, /f\.yaml:5: script\.1/],
    [
      "an absurd size",
      `${base}script:\n  - sign: victim\n    times: 99999999\n`,
      /f\.yaml:5: script\.0\.times/,
    ],
    ["an unknown outcome", "name: x\nexpected: MAYBE\nscript:\n  - sign: victim\n", /f\.yaml:2: expected/],
    ["a step that is none", `${base}script:\n  - sing: victim\n`, /f\.yaml:4: script\.0\.sing: not a step/],
    ["a time that is none", `${base}script:\n  - wait_ms: soon\n`, /f\.yaml:4: script\.0\.wait_ms: /],
    [
      "a name nobody has",
      `${base}script:\n  - sign: thief\n`,
      /f\.yaml:4: script\.0\.sign: nobody is called thief/,
    ],
    [
      "an oracle that is none",
      `${base}script:\n  - crash: [9]\n`,
      /f\.yaml:4: script\.0\.crash: there is no oracle 9/,
    ],
    [
      "an unknown field of a step",
      `${base}script:\n  - sign: victim\n    tims: 3\n`,
      /f\.yaml:5: script\.0\.tims: unknown field/,
    ],
    ["an empty file", "", /f\.yaml:1: the document/],
    ["broken YAML", "name: [x\nscript", /f\.yaml:\d+: /],
  ])("%s is named with its line and field", (_what, source, message) => {
    expect(() => scenarioFromFile(source, "f.yaml")).toThrow(message);
  });
});
