import type { Clock, Timers } from "@ipse/protocol/host";
import type { EventQueue } from "./event-queue.ts";

/** Wall time at virtual 0: an arbitrary fixed day. */
export const EPOCH_MS = 1_800_000_000_000;

/** One machine's clock: wall time with an offset that may jump, monotonic time that may drift. */
export class SimClock implements Clock {
  readonly #queue: EventQueue;
  /** Added to wall time. */
  offsetMs = 0;
  /** Monotonic milliseconds per virtual millisecond. */
  rate = 1;
  /** Taken off monotonic time: what a paused machine did not count. */
  frozenMs = 0;

  constructor(queue: EventQueue) {
    this.#queue = queue;
  }

  nowMs(): number {
    return Math.floor(EPOCH_MS + this.#queue.now + this.offsetMs);
  }

  monotonicMs(): number {
    return (this.#queue.now - this.frozenMs) * this.rate;
  }
}

/** Timers of one process: they die with it. */
export class SimTimers implements Timers {
  readonly #queue: EventQueue;
  readonly #clock: SimClock;
  #alive = true;
  /** While suspended (a paused machine) nothing fires; what fell due fires on resume. */
  #suspended: (() => void)[] | undefined;

  constructor(queue: EventQueue, clock: SimClock) {
    this.#queue = queue;
    this.#clock = clock;
  }

  after(delayMs: number, fire: () => void): () => void {
    let cancelled = false;
    const cancel = this.#queue.after(delayMs / this.#clock.rate, () => {
      if (!this.#alive || cancelled) return;
      if (this.#suspended === undefined) return fire();
      this.#suspended.push(() => {
        if (!cancelled && this.#alive) fire();
      });
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }

  kill(): void {
    this.#alive = false;
  }

  suspend(): void {
    this.#suspended ??= [];
  }

  resume(): void {
    const due = this.#suspended ?? [];
    this.#suspended = undefined;
    for (const fire of due) fire();
  }
}
