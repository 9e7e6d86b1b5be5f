import { setFlagsFromString } from "node:v8";

/**
 * How V8 runs an oracle (bench/README.md). These flags are read each time they matter, so they may be set while the process
 * runs; best before there is much to run.
 * - Young objects are collected by this thread alone: V8 would wake a thread for each core for the two or three
 *   milliseconds that takes, and these spend more CPU time on waiting for each other than they save.
 * - The old space, which for an oracle is some 30 MB of caches, may grow to three times what lives before all of it is
 *   marked again; by itself V8 does that after ten more megabytes, every few seconds under load.
 * - A function is compiled by the optimizing compiler after a seventh of the work that V8 waits for by itself: a server runs
 *   the same functions for weeks.
 */
export function tuneEngine(): void {
  setFlagsFromString("--no-parallel-scavenge");
  setFlagsFromString("--heap-growing-percent=200");
  setFlagsFromString("--interrupt-budget=10000");
}
