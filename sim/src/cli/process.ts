import process from "node:process";

/** Real time, for the CLI's own figures alone. */
export const hrtime = process.hrtime;

/** Once for a signal, instead of dying of it. */
export function once(signal: "SIGINT" | "SIGTERM", handler: () => void): void {
  process.once(signal, handler);
}
