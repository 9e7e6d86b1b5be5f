import type { Scenario, Setting } from "../scenarios/scenario.ts";
import { QUIET, SMALL } from "../world/index.ts";
import { type RunOptions, type RunResult, runOne } from "./run-one.ts";

/** A failing schedule: everything that makes the run, and what of it is left out. */
export interface Schedule {
  readonly scenario: string;
  readonly seed: string;
  readonly setting: Setting;
  readonly without: readonly string[];
  /** The broken build it was found with, if any. */
  readonly control?: string;
}

export interface Shrunk {
  readonly result: RunResult;
  readonly setting: Setting;
  /** Decisions that are left out. */
  readonly without: readonly string[];
  /** Decisions of the first failing run, before anything was left out. */
  readonly decisionsBefore: number;
  readonly tried: number;
}

export interface ShrinkOptions extends Pick<RunOptions, "group" | "control" | "setting"> {
  /** Other seeds that are tried in the simplest world. */
  readonly seeds?: number;
  /** Runs spent on leaving out single decisions. */
  readonly deletions?: number;
}

/** Promises that a lost frame can break by itself: for these only faults and moves are left out, never deliveries. */
const NEED_DELIVERY = /^(fork-found-in-time|clone-steps-bounded|no-deadlock|revocations-survive): /;
const IS_CHECKER = /^[a-z0-9-]+: /;

function kindOf(problem: string): string {
  return problem.replaceAll(/[0-9]+/g, "#");
}

/** The kind of failure: the checker or sentence, without its numbers. */
export function failureKind(result: RunResult): string | undefined {
  if (result.deviation === undefined) return undefined;
  return kindOf(result.problems[0] ?? result.deviation);
}

function failsAs(result: RunResult, kind: string): boolean {
  if (result.deviation === undefined) return false;
  return kind === result.deviation || result.problems.some((problem) => kindOf(problem) === kind);
}

type Try = (without: ReadonlySet<string>) => RunResult | undefined;

/** When the failure first shows. */
function failedMs(result: RunResult): number {
  return Number(/\(at (\d+) ms\)/.exec(result.problems[0] ?? "")?.[1] ?? Number.POSITIVE_INFINITY);
}

/**
 * Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing
 * Input", IEEE TSE 28(2), 2002) over the decisions of a run: ever smaller chunks are left out, from the end, for
 * as long as the rest still fails in the same way.
 */
function deleteDecisions(first: RunResult, mayGo: (name: string) => boolean, attempt: Try) {
  let best = first;
  let without = new Set<string>();
  let candidates = first.decisions.filter(mayGo);
  let size = Math.max(1, Math.ceil(candidates.length / 2));
  for (;;) {
    let removed = false;
    for (let end = candidates.length; end > 0; end = Math.min(end - size, candidates.length)) {
      const chunk = candidates.slice(Math.max(0, end - size), end);
      const tried = new Set([...without, ...chunk]);
      const result = attempt(tried);
      if (result === undefined || result.decisions.length >= best.decisions.length) continue;
      [best, without, removed] = [result, tried, true];
      candidates = result.decisions.filter(mayGo);
    }
    if (size === 1 && !removed) return { result: best, without: [...without] };
    if (!removed || size > candidates.length) size = Math.max(1, Math.floor(size / 2));
  }
}

/**
 * Looks for a shorter schedule that fails in the same way: simpler worlds first (small
 * cluster, quiet links, one heartbeat), then other seeds in the simplest world that
 * still fails (the fewest events win), then that run with single faults, deliveries
 * and moves left out, until none can go. undefined: the run does not fail.
 */
export function shrink(scenario: Scenario, seed: string, options: ShrinkOptions = {}): Shrunk | undefined {
  const { seeds = 60, deletions = 600, setting: given = {}, ...base } = options;
  const first = runOne(scenario, seed, { ...base, setting: given, without: new Set() });
  const kind = failureKind(first);
  if (kind === undefined) return undefined;
  let best = { result: first, setting: given };
  let tried = 1;
  const consider = (candidate: string, setting: Setting): void => {
    tried++;
    const result = runOne(scenario, candidate, { ...base, setting, wire: false, without: new Set() });
    if (failsAs(result, kind) && result.events < best.result.events) best = { result, setting };
  };
  for (const step of [{ topology: SMALL }, { links: QUIET }, { heartbeatMs: 2000 }])
    consider(seed, { ...best.setting, ...step });
  for (let i = 0; i < seeds; i++) consider(`${seed}~${i}`, best.setting);
  const { setting } = best;
  let left = deletions;
  const attempt: Try = (without) => {
    if (left-- <= 0) return undefined;
    tried++;
    const result = runOne(scenario, best.result.seed, { ...base, setting, wire: false, without });
    return failsAs(result, kind) ? result : undefined;
  };
  const lossProof = IS_CHECKER.test(kind) && !NEED_DELIVERY.test(kind);
  const mayGo = (name: string): boolean => lossProof || !name.startsWith("delivery");
  const start = attempt(new Set()) ?? best.result;
  const { result, without } = deleteDecisions(start, mayGo, attempt);
  return { result, setting, without, decisionsBefore: first.decisions.length, tried };
}

/** The lines of a traced run up to the moment its failure shows. */
export function linesUntilFailure(result: RunResult): readonly string[] {
  const untilMs = failedMs(result) + 1;
  return result.lines.filter((_, i) => (result.trace[i]?.atMs ?? 0) <= untilMs);
}
