/** Waits between attempts: doubling up to a maximum, each drawn from its upper half so that many do not move in step. */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  #next: number;

  constructor(minMs: number, maxMs: number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#next = minMs;
  }

  reset(): void {
    this.#next = this.#minMs;
  }

  /** How long to wait before the next attempt. */
  takeMs(): number {
    const wait = this.#next;
    this.#next = Math.min(this.#maxMs, wait * 2);
    return Math.ceil(wait * (0.5 + 0.5 * Math.random()));
  }
}
