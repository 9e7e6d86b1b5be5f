import type { Clock, Timers } from "@ipse/protocol/host";
import { type MachineIdentity, machineIdentity } from "./boot-id.ts";

/** Why this process cannot be sure any more that it ran without a break. */
export type ContinuityLoss = "boot-id" | "generation-id" | "clock-jump" | "pause";

export interface ContinuityOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onLost: (reason: ContinuityLoss) => void;
  readonly identity?: () => MachineIdentity;
  readonly intervalMs?: number;
  /** Wall and monotonic time may drift apart by this much between two ticks (time daemons slew far less). */
  readonly clockJumpMs?: number;
  /** A tick may come this late; a busy event loop never is, a stopped process or machine is. */
  readonly pauseMs?: number;
}

interface Sample {
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly identity: MachineIdentity;
}

/** Compares two samples; the first sign of a break counts. Pure. */
export function compareSamples(
  before: Sample,
  now: Sample,
  limits: { readonly clockJumpMs: number; readonly lateMs: number },
): ContinuityLoss | undefined {
  if (before.identity.bootId !== now.identity.bootId) return "boot-id";
  if (before.identity.generationId !== now.identity.generationId) return "generation-id";
  const monotonic = now.monotonicMs - before.monotonicMs;
  const wall = now.wallMs - before.wallMs;
  if (Math.abs(wall - monotonic) > limits.clockJumpMs) return "clock-jump";
  return monotonic > limits.lateMs ? "pause" : undefined;
}

/**
 * Watches for what a restored or copied machine looks like from inside: another boot or generation id, a wall
 * clock that jumped against the monotonic one, a long gap in the event loop. None of it proves anything, and a
 * laptop's sleep looks the same; the machine answers by asking the oracles who is ahead, and goes on when nobody
 * is. Returns the function that stops the watch.
 */
export function watchContinuity(options: ContinuityOptions): () => void {
  const { clock, timers, onLost } = options;
  const { identity = machineIdentity, intervalMs = 1000, clockJumpMs = 3000, pauseMs = 10_000 } = options;
  const limits = { clockJumpMs, lateMs: intervalMs + pauseMs };
  const sample = (): Sample => ({
    wallMs: clock.nowMs(),
    monotonicMs: clock.monotonicMs(),
    identity: identity(),
  });
  let before = sample();
  let cancel = () => {};
  const tick = (): void => {
    const now = sample();
    const loss = compareSamples(before, now, limits);
    before = now;
    cancel = timers.after(intervalMs, tick);
    if (loss !== undefined) onLost(loss);
  };
  cancel = timers.after(intervalMs, tick);
  return () => cancel();
}
