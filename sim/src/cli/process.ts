import process from "node:process";

/** Real time, for the CLI's own figures alone. */
export const hrtime = process.hrtime;

/** Resident memory of the process with all its threads, in MB. */
export function residentMb(): number {
  return Math.round(process.memoryUsage.rss() / 1e6);
}

/** Once for a signal, instead of dying of it. */
export function once(signal: "SIGINT" | "SIGTERM", handler: () => void): void {
  process.once(signal, handler);
}
