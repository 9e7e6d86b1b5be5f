import { setFlagsFromString } from "node:v8";

/**
 * Young objects are collected by this thread alone. V8 would wake a thread for each core for the two or three milliseconds
 * that takes, and these spend more CPU time on waiting for each other than they save (bench/README.md). The flag is read at
 * each collection, so it may be set while the process runs.
 */
export function collectAlone(): void {
  setFlagsFromString("--no-parallel-scavenge");
}
