/** Proofs seen of late (RFC 9449 section 11.1). Bounded: when it is full, nothing new is accepted until some expire. */
export class ReplayMemory {
  readonly #max: number;
  readonly #seen = new Map<string, number>();

  constructor(max = 100_000) {
    this.#max = max;
  }

  /** False when the name was there already, or when there is no room to remember it. */
  remember(name: string, untilMs: number, nowMs: number): boolean {
    if (this.#seen.has(name)) return false;
    if (this.#seen.size >= this.#max) this.#forget(nowMs);
    if (this.#seen.size >= this.#max) return false;
    this.#seen.set(name, untilMs);
    return true;
  }

  #forget(nowMs: number): void {
    for (const [name, untilMs] of this.#seen) if (untilMs < nowMs) this.#seen.delete(name);
  }
}
