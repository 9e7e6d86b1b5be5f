import { setTimeout as sleep } from "node:timers/promises";

/** Waits until something holds; fails with its description after `timeoutMs`. */
export async function until(what: string, holds: () => boolean, timeoutMs = 5000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`did not come about: ${what}`);
    await sleep(5);
  }
}
