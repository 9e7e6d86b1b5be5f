/** Delays between attempts: doubling from `firstMs` to `lastMs`, each drawn from its upper half. */
export class Backoff {
  readonly #firstMs: number;
  readonly #lastMs: number;
  readonly #random: () => number;
  #attempts = 0;

  /** `random` gives numbers in [0, 1). */
  constructor(firstMs: number, lastMs: number, random: () => number = Math.random) {
    this.#firstMs = firstMs;
    this.#lastMs = lastMs;
    this.#random = random;
  }

  nextMs(): number {
    const ceiling = Math.min(this.#lastMs, this.#firstMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts++;
    return Math.round(ceiling * (0.5 + this.#random() / 2));
  }

  reset(): void {
    this.#attempts = 0;
  }
}
