import type { Group } from "@ipse/protocol/group";
import { loadGroup } from "@ipse/protocol/group";
import { symbolicGroup } from "../crypto/symbolic-group.ts";
import { SCENARIOS } from "../scenarios/index.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import type { PoolKeySource } from "../world/index.ts";
import { runOne } from "./run-one.ts";
import { count, newTally, type Tally } from "./tally.ts";

export type Crypto = "symbolic" | "real";

/** What one thread is asked to do: its share of the runs of each scenario. */
export interface Job {
  readonly scenarios: readonly string[];
  readonly seed: string;
  readonly runs: number;
  /** This thread does every `stride`-th run, beginning at `offset`. */
  readonly offset: number;
  readonly stride: number;
  readonly crypto: Crypto;
  /** Where pool keys come from; default: the ideal dealer. */
  readonly keys?: PoolKeySource;
}

export async function groupOf(crypto: Crypto): Promise<Group> {
  return crypto === "real" ? (await loadGroup()).group : symbolicGroup;
}

export function runSeed(seed: string, index: number): string {
  return `${seed}-${index}`;
}

/** Does a job in slices; `report` gets what each slice counted and says whether to go on. */
export function work(
  job: Job,
  group: Group,
  report: (slice: Tally) => boolean,
  sliceRuns = 5,
  scenarios: readonly Scenario[] = SCENARIOS,
): void {
  const setting = job.keys === undefined ? {} : { keys: job.keys };
  const chosen = scenarios.filter(({ name }) => job.scenarios.includes(name));
  let slice = newTally();
  const total = chosen.length * job.runs;
  // Round after round over all scenarios, so that a campaign that is cut short has seen every one.
  for (let k = job.offset; k < total; k += job.stride) {
    const scenario = chosen[k % chosen.length];
    if (scenario === undefined) break;
    const result = runOne(scenario, runSeed(job.seed, Math.floor(k / chosen.length)), { group, setting });
    count(slice, result, scenario.expected);
    if (slice.runs < sliceRuns) continue;
    if (!report(slice)) return;
    slice = newTally();
  }
  if (slice.runs > 0) report(slice);
}
