import { setTimeout as sleep } from "node:timers/promises";

export interface UntilOptions {
  readonly what: string;
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

const TIMEOUT_MS = 60_000;
const EVERY_MS = 50;

/** Looks again and again until there is something to see. Throws when that takes too long. */
export async function until<T>(
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { what, timeoutMs = TIMEOUT_MS, everyMs = EVERY_MS }: UntilOptions,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(everyMs);
  }
}
