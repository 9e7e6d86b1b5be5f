import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

import type { DpopNonceApi } from "@ipse/protocol/host";

const STEP_MS = 120_000;
const STEPS_KEPT = 3;

/**
 * Server nonces for DPoP proofs (RFC 9449 section 8) without a table: a nonce is an HMAC over its time step
 * under a key that lives in this process. A nonce is good for two to four minutes.
 */
export class DpopNonces implements DpopNonceApi {
  readonly #key = randomBytes(32);
  readonly #nowMs: () => number;
  /** The nonces of the last steps that were asked for. */
  readonly #made = new Map<number, Buffer>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  #at(step: number): Buffer {
    const made = this.#made.get(step);
    if (made !== undefined) return made;
    const digest = createHmac("sha256", this.#key).update(`dpop-nonce ${step}`).digest("base64url");
    const nonce = Buffer.from(digest.slice(0, 22));
    this.#made.set(step, nonce);
    const [oldest] = this.#made.keys();
    if (this.#made.size > STEPS_KEPT && oldest !== undefined) this.#made.delete(oldest);
    return nonce;
  }

  #step(): number {
    return Math.floor(this.#nowMs() / STEP_MS);
  }

  current(): string {
    return this.#at(this.#step()).toString();
  }

  accepts(nonce: string): boolean {
    const given = Buffer.from(nonce);
    return [0, 1].some((age) => {
      const known = this.#at(this.#step() - age);
      return given.length === known.length && timingSafeEqual(given, known);
    });
  }
}
