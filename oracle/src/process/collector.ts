import { setFlagsFromString } from "node:v8";

/**
 * How V8 collects garbage in an oracle (bench/README.md). Both flags are read at each collection, so they may be set while
 * the process runs. Young objects are collected by this thread alone: V8 would wake a thread for each core for the two or
 * three milliseconds that takes, and these spend more CPU time on waiting for each other than they save. The old space,
 * which for an oracle is some 30 MB of caches, may grow to three times what lives before all of it is marked again; by
 * itself V8 does that after ten more megabytes, every few seconds under load.
 */
export function tuneCollector(): void {
  setFlagsFromString("--no-parallel-scavenge");
  setFlagsFromString("--heap-growing-percent=200");
}
