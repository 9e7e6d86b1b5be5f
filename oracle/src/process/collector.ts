import { setFlagsFromString } from "node:v8";

/**
 * Flags of an oracle's Node, MB of each half of its young space: what a step leaves is gone before a half is full, while
 * the records of instances whose steps are under way, which every collection copies, are the same few. Read when V8
 * starts, so they stand in the command line: of the dev cluster's oracles, in bin/ipse-oracle.js, in examples/.
 */
export const NODE_FLAGS: readonly string[] = ["--min-semi-space-size=32", "--max-semi-space-size=32"];

/**
 * How V8 collects garbage in an oracle (bench/README.md). Both flags are read at each collection, so they may be set while
 * the process runs. Young objects are collected by this thread alone: V8 would wake a thread for each core for the two or
 * three milliseconds that takes, and these spend more CPU time on waiting for each other than they save. The old space,
 * which for an oracle is some 30 MB of caches, may grow to three times what lives before all of it is marked again; by
 * itself V8 does that after ten more megabytes, every few seconds.
 */
export function tuneCollector(): void {
  setFlagsFromString("--no-parallel-scavenge");
  setFlagsFromString("--heap-growing-percent=200");
}
