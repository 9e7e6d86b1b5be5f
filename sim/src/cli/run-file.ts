import { readFileSync } from "node:fs";
import { count, newTally, runOne, runSeed, tallyJson } from "../campaign/index.ts";
import { SimError } from "../core/index.ts";
import { scenarioFromFile } from "../scenarios/from-file.ts";
import { print, printJson } from "./output.ts";
import { hrtime } from "./process.ts";

/** Runs a user's own scenario in this thread. */
export function runFile(file: string, runs: number, seed: string, json: boolean): number {
  let source: string;
  try {
    source = readFileSync(file, "utf8");
  } catch {
    throw new SimError("ERR_SIM_FILE", `cannot read ${file}`);
  }
  const scenario = scenarioFromFile(source, file);
  const tally = newTally();
  const started = hrtime.bigint();
  for (let i = 0; i < runs; i++) count(tally, runOne(scenario, runSeed(seed, i)), scenario.expected);
  const seconds = Number(hrtime.bigint() - started) / 1e9;
  if (json) printJson(tallyJson(tally, seed, seconds, 1));
  else {
    const outcomes = Object.values(tally.scenarios).flatMap((one) => Object.entries(one.outcomes));
    print(
      `${scenario.name}: ${outcomes.map(([code, n]) => `${code} ${n}`).join(", ")} (expected ${scenario.expected[0]})`,
    );
    for (const { seed: failed, problems } of tally.failures) print(`  ${failed}: ${problems.join("; ")}`);
  }
  return tally.misses + tally.falseRevocations + tally.unexpected === 0 ? 0 : 1;
}
