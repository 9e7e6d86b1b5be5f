import process from "node:process";
import { setImmediate } from "node:timers/promises";

/** Real time, for the CLI's own figures alone. */
export const hrtime = process.hrtime;

/** Resident memory of the process with all its threads, in MB. */
export function residentMb(): number {
  return Math.round(process.memoryUsage.rss() / 1e6);
}

/** Lets a signal in: while work goes on without a pause none arrives. */
export function pause(): Promise<void> {
  return setImmediate();
}

/** Once for a signal, instead of dying of it. */
export function once(signal: "SIGINT" | "SIGTERM", handler: () => void): void {
  process.once(signal, handler);
}
