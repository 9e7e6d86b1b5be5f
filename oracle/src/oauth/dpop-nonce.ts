import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

import type { DpopNonceApi } from "@ipse/protocol/host";

const STEP_MS = 120_000;

/**
 * Server nonces for DPoP proofs (RFC 9449 section 8) without a table: a nonce is an HMAC over its time step
 * under a key that lives in this process. A nonce is good for two to four minutes.
 */
export class DpopNonces implements DpopNonceApi {
  readonly #key = randomBytes(32);
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  #at(step: number): Buffer {
    const digest = createHmac("sha256", this.#key).update(`dpop-nonce ${step}`).digest("base64url");
    return Buffer.from(digest.slice(0, 22));
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
