import { median } from "./stats.ts";

/** Prepared operations: `run` is timed, `check` looks at what it produced afterwards and throws if it is wrong. */
export interface Batch {
  run(): void | Promise<void>;
  check(): void;
}

/** One thing to measure. What `make` prepares (inputs, nonces) is off the clock. */
export interface Case {
  readonly name: string;
  /** How many participants share one operation; the time is divided by it. */
  readonly participants?: number;
  make(count: number): Batch | Promise<Batch>;
}

export interface RoundsOptions {
  readonly rounds: number;
  /** About how long one case runs in one round. */
  readonly caseMs: number;
  /** The clock. Work of this process alone is best timed by its CPU time: what others run does not count. */
  readonly nowMs?: () => number;
}

/** Milliseconds per operation and participant, one value a round. */
export type Samples = ReadonlyMap<string, readonly number[]>;

const COUNT_MAX = 2000;

async function timed(one: Case, count: number, nowMs: () => number): Promise<number> {
  const batch = await one.make(count);
  const from = nowMs();
  const pending = batch.run();
  if (pending !== undefined) await pending;
  const spent = nowMs() - from;
  batch.check();
  return spent;
}

/**
 * Measures cases side by side: after a warm-up that also finds out how many operations fill `caseMs`, every
 * round runs each case once, one after the other, so that whatever else the machine does falls on all alike.
 */
export async function interleaved(cases: readonly Case[], options: RoundsOptions): Promise<Samples> {
  const { rounds, caseMs, nowMs = () => performance.now() } = options;
  const counts = new Map<Case, number>();
  for (const one of cases) {
    // A case that fills its time with one operation has seen enough of its own code by then.
    const first = await timed(one, 1, nowMs);
    const spent = first > caseMs ? 3 * first : await timed(one, 3, nowMs);
    const count = Math.round((3 * caseMs) / Math.max(spent, 1e-3));
    counts.set(one, Math.min(COUNT_MAX, Math.max(1, count)));
  }
  for (const one of cases) {
    const count = counts.get(one) ?? 1;
    if (count > 1) await timed(one, count, nowMs);
  }
  const samples = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const one of cases) {
      const count = counts.get(one) ?? 1;
      const spent = await timed(one, count, nowMs);
      samples.get(one.name)?.push(spent / count / (one.participants ?? 1));
    }
  }
  return samples;
}

/** How many times faster `name` is than `peer`: the median over the rounds of the ratio within each round. */
export function speedup(samples: Samples, name: string, peer: string): number {
  const own = samples.get(name) ?? [];
  const theirs = samples.get(peer) ?? [];
  return median(own.map((value, round) => (theirs[round] ?? Number.NaN) / value));
}

/** The median time of a case in microseconds. */
export function microseconds(samples: Samples, name: string): number {
  return median(samples.get(name) ?? []) * 1000;
}
