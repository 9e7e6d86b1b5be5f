import type { Clock, Timers } from "@ipse/protocol/host";

/** A clock and its timers, moved by hand. */
export class FakeTime implements Clock, Timers {
  #monotonicMs = 1000;
  #wallOffsetMs = 1_700_000_000_000;
  #due: { atMs: number; fire: () => void }[] = [];

  nowMs(): number {
    return this.#monotonicMs + this.#wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, fire: () => void): () => void {
    const entry = { atMs: this.#monotonicMs + delayMs, fire };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((one) => one !== entry);
    };
  }

  get pending(): number {
    return this.#due.length;
  }

  /** Fires what falls due on the way, in order. */
  advance(ms: number): void {
    const end = this.#monotonicMs + ms;
    for (;;) {
      const [next] = this.#due.filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#due = this.#due.filter((one) => one !== next);
      this.#monotonicMs = Math.max(this.#monotonicMs, next.atMs);
      next.fire();
    }
    this.#monotonicMs = end;
  }

  /** Time that passes without any timer firing: the process was stopped. */
  freeze(ms: number): void {
    this.#monotonicMs += ms;
  }

  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }
}
