import { runOne, type Tally } from "../campaign/index.ts";
import { compare } from "../compare/compare.ts";
import { exposure } from "../compare/copied-file.ts";
import { SCENARIOS, type Scenario } from "../scenarios/index.ts";
import { QUIET, SMALL } from "../world/index.ts";
import { axesChart } from "./axes.ts";
import { type DetectionRow, distribution } from "./distribution.ts";
import { type ExposurePoint, exposureChart } from "./exposure.ts";
import { page } from "./page.ts";
import { swimlane } from "./swimlane.ts";

export interface ReportOptions {
  readonly seed: string;
  readonly tally: Tally;
  readonly swimlaneOf: Scenario;
  /** Thefts per model and attack. */
  readonly thefts: number;
  /** Runs per heartbeat interval. */
  readonly exposureRuns: number;
}

const SHOWN: readonly [scenario: string, note: string][] = [
  ["victim-first", "the victim went on first"],
  ["same-instant", "both at once"],
  ["clone-first", "the copy acts first"],
  ["clone-burst", "idle victim, many steps"],
  ["partition-fork", "found when it heals"],
  ["victim-suppressed", "victim cut off"],
];

function detectionRows(tally: Tally): DetectionRow[] {
  return SHOWN.flatMap(([name, note]) => {
    const own = tally.scenarios[name];
    return own === undefined ? [] : [{ name, note, histogram: own.detection }];
  });
}

function measureExposure(seed: string, runs: number): ExposurePoint[] {
  return [1, 2, 5, 10, 15, 20, 30].map((seconds) => {
    const counts = Array.from(
      { length: runs },
      (_, i) =>
        runOne(exposure, `${seed}-${seconds}-${i}`, {
          setting: { topology: SMALL, heartbeatMs: seconds * 1000, links: QUIET },
          wire: false,
        }).cloneSignatures,
    ).sort((a, b) => a - b);
    const at = (share: number): number =>
      counts[Math.min(counts.length - 1, Math.floor(share * counts.length))] ?? 0;
    return { heartbeatMs: seconds * 1000, p50: at(0.5), p99: at(0.99) };
  });
}

/** Measures what the pictures need and draws the page. */
export function buildReport(options: ReportOptions): string {
  const { seed, tally, swimlaneOf, thefts, exposureRuns } = options;
  const chosen = runOne(swimlaneOf, seed, {
    trace: true,
    setting: { topology: SMALL, links: QUIET, heartbeatMs: 1500 },
  });
  const rows = compare(seed, thefts);
  return page(
    {
      swimlane: swimlane(chosen),
      swimlaneOf: `${swimlaneOf.name}, seed ${seed}: ${chosen.code}`,
      distribution: distribution(detectionRows(tally)),
      exposure: exposureChart(measureExposure(seed, exposureRuns)),
      axes: axesChart(rows),
    },
    tally,
    rows,
    seed,
  );
}

export const DEFAULT_SWIMLANE: Scenario | undefined = SCENARIOS.find(({ name }) => name === "clone-first");
