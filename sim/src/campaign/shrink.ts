import type { Group } from "@ipse/protocol/group";
import type { Scenario, Setting } from "../scenarios/scenario.ts";
import { QUIET, SMALL } from "../world/index.ts";
import { type RunOptions, type RunResult, runOne } from "./run-one.ts";

export interface Shrunk {
  readonly result: RunResult;
  readonly setting: Setting;
  readonly tried: number;
}

/** The kind of failure: the checker or sentence, without its numbers. */
export function failureKind(result: RunResult): string | undefined {
  if (result.deviation === undefined) return undefined;
  return (result.problems[0] ?? result.deviation).replaceAll(/[0-9]+/g, "#");
}

/**
 * Looks for a shorter schedule that fails in the same way: simpler worlds first (small
 * cluster, quiet links, one heartbeat), then other seeds in the simplest world that
 * still fails; the run with the fewest events wins.
 */
export function shrink(
  scenario: Scenario,
  seed: string,
  group: Group,
  attempts = 200,
  control?: RunOptions["control"],
): Shrunk | undefined {
  const base: RunOptions = { group, ...(control === undefined ? {} : { control }) };
  const first = runOne(scenario, seed, base);
  const kind = failureKind(first);
  if (kind === undefined) return undefined;
  let best: Shrunk = { result: first, setting: {}, tried: 1 };
  let tried = 1;
  const attempt = (candidate: string, setting: Setting): boolean => {
    tried++;
    const result = runOne(scenario, candidate, { ...base, setting, wire: false });
    if (failureKind(result) !== kind || result.events >= best.result.events) return false;
    best = { result, setting, tried };
    return true;
  };
  const steps: Setting[] = [{ topology: SMALL }, { links: QUIET }, { heartbeatMs: 2000 }];
  for (const step of steps) attempt(seed, { ...best.setting, ...step });
  for (let i = 0; i < attempts; i++) attempt(`${seed}~${i}`, best.setting);
  return { ...best, tried };
}
