import { runOne } from "../campaign/run-one.ts";
import type { Control } from "./control.ts";
import * as detection from "./detection.ts";
import * as nonces from "./nonces.ts";
import * as rules from "./rules.ts";
import * as tickets from "./tickets.ts";
import * as tokens from "./tokens.ts";

export type { Control } from "./control.ts";

/** Every negative control. */
export const CONTROLS: readonly Control[] = [
  ...Object.values(nonces),
  ...Object.values(detection),
  ...Object.values(rules),
  ...Object.values(tickets),
  ...Object.values(tokens),
];

export interface ControlResult {
  readonly name: string;
  readonly caught: boolean;
  /** Seeds tried until it was caught. */
  readonly tried: number;
  /** What caught it. */
  readonly by: string | undefined;
}

/** Runs a broken build until a checker or the scenario's expectation catches it. */
export function runControl(control: Control, seed: string): ControlResult {
  const seeds = control.seeds ?? 12;
  for (let i = 0; i < seeds; i++) {
    const { setting } = control;
    const result = runOne(control.scenario, `${seed}-${i}`, {
      control: control.apply,
      ...(setting === undefined ? {} : { setting }),
    });
    const by = result.problems.find((problem) => problem.startsWith(control.caughtBy));
    if (by !== undefined) return { name: control.name, caught: true, tried: i + 1, by };
  }
  return { name: control.name, caught: false, tried: seeds, by: undefined };
}
