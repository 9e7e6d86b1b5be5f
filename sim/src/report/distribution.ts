import { percentile } from "../campaign/index.ts";
import { duration } from "../compare/compare.ts";
import { label, line, logScale, picture, tag } from "./svg.ts";

const WIDTH = 1180;
const LEFT = 178;
const RIGHT = 150;
const ROW = 62;
const TOP = 16;
const BINS = 72;

export interface DetectionRow {
  readonly name: string;
  readonly note: string;
  /** Milliseconds -> runs. */
  readonly histogram: Readonly<Record<number, number>>;
}

const TICKS_MS = [1, 10, 100, 1000, 10_000, 60_000];

/** How long it took from the copy's first step to the first durable suspension, one row a scenario, on a logarithmic axis. */
export function distribution(rows: readonly DetectionRow[]): string {
  const x = logScale(1, 60_000, LEFT, WIDTH - RIGHT);
  const bottom = TOP + rows.length * ROW;
  const axis = TICKS_MS.map(
    (ms) =>
      line(x(ms), TOP, x(ms), bottom, { class: "grid" }) +
      label(x(ms), bottom + 20, duration(ms), { class: "tick", "text-anchor": "middle" }),
  );
  const drawn = rows.map(({ name, note, histogram }, i) => {
    const base = TOP + (i + 1) * ROW - 10;
    const bins = new Array<number>(BINS).fill(0);
    for (const [ms, runs] of Object.entries(histogram)) {
      const at = (x(Math.max(1, Number(ms))) - LEFT) / (WIDTH - RIGHT - LEFT);
      const bin = Math.min(BINS - 1, Math.floor(at * BINS));
      bins[bin] = (bins[bin] ?? 0) + runs;
    }
    const highest = Math.max(1, ...bins);
    const width = (WIDTH - RIGHT - LEFT) / BINS;
    const bars = bins.map((runs, bin) =>
      runs === 0
        ? ""
        : tag("rect", {
            x: LEFT + bin * width,
            y: base - (runs / highest) * (ROW - 20),
            width: width - 1,
            height: (runs / highest) * (ROW - 20),
            class: "bar",
          }),
    );
    const [p50, p99] = [percentile(histogram, 0.5), percentile(histogram, 0.99)];
    const marks = [p50, p99].map((ms) =>
      ms === null
        ? ""
        : line(x(Math.max(1, ms)), base - ROW + 22, x(Math.max(1, ms)), base + 4, { class: "mark" }),
    );
    const text =
      p50 === null || p99 === null
        ? ""
        : label(WIDTH - RIGHT + 12, base - 18, `p50 ${duration(p50)}`, { class: "small" }) +
          label(WIDTH - RIGHT + 12, base - 2, `p99 ${duration(p99)}`, { class: "small" });
    return (
      label(LEFT - 12, base - 18, name, { class: "row", "text-anchor": "end" }) +
      label(LEFT - 12, base - 2, note, { class: "small", "text-anchor": "end" }) +
      line(LEFT, base, WIDTH - RIGHT, base, { class: "rail" }) +
      bars.join("") +
      marks.join("") +
      text
    );
  });
  return picture("detection", WIDTH, bottom + 30, "Detection latency", axis.join("") + drawn.join(""));
}
