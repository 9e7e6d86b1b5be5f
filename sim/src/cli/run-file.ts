import { readFileSync } from "node:fs";
import { count, newTally, runOne, runSeed, tallyJson } from "../campaign/index.ts";
import { SimError } from "../core/index.ts";
import { scenarioFromFile } from "../scenarios/from-file.ts";
import { print, printJson } from "./output.ts";
import { hrtime, once, pause } from "./process.ts";

/** Runs a user's own scenario in this thread. A signal ends it early: what was counted until then is printed. */
export async function runFile(file: string, runs: number, seed: string, json: boolean): Promise<number> {
  let source: string;
  try {
    source = readFileSync(file, "utf8");
  } catch {
    throw new SimError("ERR_SIM_FILE", `cannot read ${file}`);
  }
  const scenario = scenarioFromFile(source, file);
  const tally = newTally();
  const started = hrtime.bigint();
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) once(signal, () => abort.abort());
  for (let i = 0; i < runs && !abort.signal.aborted; i++) {
    count(tally, runOne(scenario, runSeed(seed, i)), scenario.expected);
    await pause();
  }
  const seconds = Number(hrtime.bigint() - started) / 1e9;
  if (json) printJson(tallyJson(tally, seed, seconds, 1, runs));
  else {
    const outcomes = Object.values(tally.scenarios).flatMap((one) => Object.entries(one.outcomes));
    print(
      `${scenario.name}: ${outcomes.map(([code, n]) => `${code} ${n}`).join(", ")} (expected ${scenario.expected[0]})`,
    );
    for (const { seed: failed, problems } of tally.failures) print(`  ${failed}: ${problems.join("; ")}`);
    if (abort.signal.aborted)
      print(`interrupted after ${tally.runs} of ${runs} runs: these are partial results`);
  }
  if (abort.signal.aborted) return 130;
  return tally.misses + tally.falseRevocations + tally.unexpected === 0 ? 0 : 1;
}
