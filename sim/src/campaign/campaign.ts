import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { merge, newTally, type Tally } from "./tally.ts";
import type { Job } from "./work.ts";

export interface Campaign {
  readonly scenarios: readonly string[];
  readonly seed: string;
  readonly runs: number;
  readonly crypto: Job["crypto"];
  readonly keys?: Job["keys"];
  readonly threads?: number;
  /** Called after every slice with everything counted so far. */
  readonly progress?: (tally: Tally, total: number) => void;
  /** Stops early; what was counted until then is the result. */
  readonly signal?: AbortSignal;
}

export function defaultThreads(): number {
  return Math.max(1, Math.min(availableParallelism(), 16));
}

/** Runs scenarios over worker threads. The result does not depend on the number of threads. */
export async function runCampaign(campaign: Campaign): Promise<Tally> {
  const { scenarios, seed, runs, crypto, keys, progress, signal } = campaign;
  const threads = Math.min(campaign.threads ?? defaultThreads(), Math.max(1, scenarios.length * runs));
  const tally = newTally();
  const total = scenarios.length * runs;
  const workers = Array.from({ length: threads }, (_, offset) => {
    const job: Job = {
      scenarios,
      seed,
      runs,
      offset,
      stride: threads,
      crypto,
      ...(keys === undefined ? {} : { keys }),
    };
    return new Worker(new URL("./worker.js", import.meta.url), {
      workerData: job,
      // Runs make much short-lived garbage; a larger nursery collects it more cheaply.
      resourceLimits: { maxYoungGenerationSizeMb: 64 },
    });
  });
  const stop = (): void => {
    for (const worker of workers) worker.terminate().catch(() => undefined);
  };
  signal?.addEventListener("abort", stop);
  const ends = workers.map(
    (worker) =>
      new Promise<void>((resolve, reject) => {
        worker.on("message", (slice: Tally) => {
          merge(tally, slice);
          progress?.(tally, total);
        });
        worker.on("error", reject);
        worker.on("exit", () => resolve());
      }),
  );
  try {
    await Promise.all(ends);
  } finally {
    stop();
    signal?.removeEventListener("abort", stop);
  }
  return tally;
}
