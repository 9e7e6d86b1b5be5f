import { randomFillSync } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { performance } from "node:perf_hooks";
import type { Clock, Entropy, Timers } from "@ipse/protocol/host";

/** The machine's clocks. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/**
 * Kernel randomness, read from /dev/urandom itself: OpenSSL's generator behind node:crypto keeps a state in this
 * process, and a snapshot of the machine would copy it. Where there is no such device, OpenSSL is what is left.
 */
export function kernelEntropy(device = "/dev/urandom"): Entropy {
  let fd: number | undefined;
  try {
    fd = openSync(device, "r");
  } catch {
    fd = undefined;
  }
  return {
    random(count) {
      const out = new Uint8Array(count);
      if (fd === undefined) return randomFillSync(out);
      for (let at = 0; at < count; ) {
        const read = readSync(fd, out, at, count - at, null);
        if (read <= 0) throw new Error("the kernel's random device ended");
        at += read;
      }
      return out;
    },
  };
}

/** Closes what kernelEntropy would open, to see early whether it can. */
export function kernelEntropyAvailable(device = "/dev/urandom"): boolean {
  try {
    closeSync(openSync(device, "r"));
    return true;
  } catch {
    return false;
  }
}

/** Node's timers; they keep the process alive, because the machine's work does. */
export const systemTimers: Timers = {
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};
