import { randomFillSync } from "node:crypto";
import { existsSync, openSync, readSync } from "node:fs";
import type { Clock, Entropy, Timers } from "@ipse/protocol/host";

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

const TIMER_MS_MAX = 2 ** 31 - 1;

/** Timers that never keep the process alive: its listeners do. */
export const systemTimers: Timers = {
  after(delayMs, fire) {
    const timer = setTimeout(fire, Math.min(Math.max(0, delayMs), TIMER_MS_MAX));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

const KERNEL = "/dev/urandom";

let device: number | undefined;
/** What was read, until it is copied and wiped: a short array that is handed to the system gets memory of its own for it. */
const drawn = Buffer.alloc(4096);

/**
 * node:crypto draws from a generator in this process's memory, which a VM snapshot or a memory clone copies;
 * the kernel is asked anew every time. Where there is no such device, node:crypto has to do.
 */
function fromKernel(count: number): Uint8Array {
  device ??= openSync(KERNEL, "r");
  const target = count <= drawn.length ? drawn : Buffer.alloc(count);
  for (let at = 0; at < count; ) {
    const read = readSync(device, target, at, count - at, null);
    if (read <= 0) throw new Error("the kernel's random device ended");
    at += read;
  }
  const out = new Uint8Array(count);
  out.set(target.subarray(0, count));
  target.fill(0, 0, count);
  return out;
}

export const systemEntropy: Entropy = existsSync(KERNEL)
  ? { random: fromKernel }
  : { random: (count) => randomFillSync(new Uint8Array(count)) };
