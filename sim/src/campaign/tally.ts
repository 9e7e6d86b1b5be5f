import type { RunResult } from "./run-one.ts";

/** Failing runs that are kept with their problems; the rest is only counted. */
const FAILURES_MAX = 50;
/** Detection times are kept per millisecond up to here, so that memory does not grow with the number of runs. */
const DETECTION_MS_MAX = 120_000;

export interface Failure {
  readonly scenario: string;
  readonly seed: string;
  readonly deviation: string;
  readonly problems: readonly string[];
}

/** What is kept of any number of runs of one scenario. */
export interface ScenarioTally {
  readonly name: string;
  readonly expected: readonly string[];
  readonly outcomes: Record<string, number>;
  /** Milliseconds -> runs. */
  readonly detection: Record<number, number>;
  cloneSignaturesMax: number;
  cloneSignaturesSum: number;
  cloneStepsMax: number;
  evidenceBytesMax: number;
  runs: number;
  events: number;
  virtualMs: number;
}

export interface Tally {
  readonly scenarios: Record<string, ScenarioTally>;
  misses: number;
  falseRevocations: number;
  unexpected: number;
  runs: number;
  readonly failures: Failure[];
}

export function newTally(): Tally {
  return { scenarios: {}, misses: 0, falseRevocations: 0, unexpected: 0, runs: 0, failures: [] };
}

function scenarioTally(tally: Tally, name: string, expected: readonly string[]): ScenarioTally {
  tally.scenarios[name] ??= {
    name,
    expected,
    outcomes: {},
    detection: {},
    cloneSignaturesMax: 0,
    cloneSignaturesSum: 0,
    cloneStepsMax: 0,
    evidenceBytesMax: 0,
    runs: 0,
    events: 0,
    virtualMs: 0,
  };
  return tally.scenarios[name];
}

export function count(tally: Tally, result: RunResult, expected: readonly string[]): void {
  const own = scenarioTally(tally, result.scenario, expected);
  own.outcomes[result.code] = (own.outcomes[result.code] ?? 0) + 1;
  if (result.detectionMs !== undefined) {
    const ms = Math.min(DETECTION_MS_MAX, Math.round(result.detectionMs));
    own.detection[ms] = (own.detection[ms] ?? 0) + 1;
  }
  own.cloneSignaturesMax = Math.max(own.cloneSignaturesMax, result.cloneSignatures);
  own.cloneSignaturesSum += result.cloneSignatures;
  own.cloneStepsMax = Math.max(own.cloneStepsMax, result.cloneSteps);
  own.evidenceBytesMax = Math.max(own.evidenceBytesMax, result.evidenceBytes ?? 0);
  own.runs++;
  own.events += result.events;
  own.virtualMs += result.virtualMs;
  tally.runs++;
  if (result.deviation === undefined) return;
  if (result.deviation === "miss") tally.misses++;
  else if (result.deviation === "false_revocation") tally.falseRevocations++;
  else tally.unexpected++;
  if (tally.failures.length < FAILURES_MAX) {
    const { scenario, seed, deviation, problems } = result;
    tally.failures.push({ scenario, seed, deviation, problems });
  }
}

/** Adds what another thread counted. */
export function merge(into: Tally, from: Tally): void {
  for (const other of Object.values(from.scenarios)) {
    const own = scenarioTally(into, other.name, other.expected);
    for (const [code, runs] of Object.entries(other.outcomes))
      own.outcomes[code] = (own.outcomes[code] ?? 0) + runs;
    for (const [ms, runs] of Object.entries(other.detection))
      own.detection[Number(ms)] = (own.detection[Number(ms)] ?? 0) + runs;
    own.cloneSignaturesMax = Math.max(own.cloneSignaturesMax, other.cloneSignaturesMax);
    own.cloneSignaturesSum += other.cloneSignaturesSum;
    own.cloneStepsMax = Math.max(own.cloneStepsMax, other.cloneStepsMax);
    own.evidenceBytesMax = Math.max(own.evidenceBytesMax, other.evidenceBytesMax);
    own.runs += other.runs;
    own.events += other.events;
    own.virtualMs += other.virtualMs;
  }
  into.misses += from.misses;
  into.falseRevocations += from.falseRevocations;
  into.unexpected += from.unexpected;
  into.runs += from.runs;
  into.failures.push(...from.failures.slice(0, FAILURES_MAX - into.failures.length));
}

/** The value below which a share of the samples lies. */
export function percentile(histogram: Readonly<Record<number, number>>, share: number): number | null {
  const sorted = Object.entries(histogram)
    .map(([ms, runs]) => [Number(ms), runs] as const)
    .sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, runs]) => sum + runs, 0);
  if (total === 0) return null;
  let seen = 0;
  for (const [ms, runs] of sorted) {
    seen += runs;
    if (seen >= share * total) return ms;
  }
  return sorted.at(-1)?.[0] ?? null;
}

/**
 * The JSON of `run`, and the first failures. `planned`: runs that were asked for, more than were
 * done when the campaign was, or is being, cut short.
 */
export function tallyJson(
  tally: Tally,
  seed: string,
  seconds: number,
  threads: number,
  planned = tally.runs,
): object {
  const scenarios = Object.values(tally.scenarios).map((one) => ({
    name: one.name,
    expected: one.expected.join("|"),
    outcomes: one.outcomes,
    detection_ms: {
      p50: percentile(one.detection, 0.5),
      p99: percentile(one.detection, 0.99),
      max: percentile(one.detection, 1),
    },
    clone_signatures_max: one.cloneSignaturesMax,
  }));
  return {
    seed,
    runs: tally.runs,
    planned_runs: planned,
    scenarios,
    misses: tally.misses,
    false_revocations: tally.falseRevocations,
    unexpected: tally.unexpected,
    runs_per_second: Math.round((tally.runs / Math.max(seconds, 0.001)) * 10) / 10,
    threads,
    failures: tally.failures,
  };
}
