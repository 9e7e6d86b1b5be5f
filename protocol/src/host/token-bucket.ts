/** A rate limit: `perSecond` on average, bursts of `burst`; `now` is a monotonic clock in ms. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  #level: number;
  #at: number;

  constructor(perSecond: number, burst: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#now = now;
    this.#level = burst;
    this.#at = now();
  }

  #refill(): void {
    const now = this.#now();
    this.#level = Math.min(this.#burst, this.#level + ((now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
  }

  /** Takes `cost` when there is enough; otherwise takes nothing. */
  take(cost = 1): boolean {
    this.#refill();
    if (this.#level < cost) return false;
    this.#level -= cost;
    return true;
  }

  /** Takes `cost` in any case, into debt if need be; returns ms until the debt is paid. */
  spend(cost: number): number {
    this.#refill();
    this.#level -= cost;
    return this.#level >= 0 ? 0 : Math.ceil((-this.#level / this.#perSecond) * 1000);
  }
}
