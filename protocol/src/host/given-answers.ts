import { byteKey, equalBytes } from "../bytes.ts";
import { NONCE_SLOTS_MAX, NONCE_SLOTS_PER_INSTANCE_MAX } from "../limits.ts";
import type { OracleMessage } from "../wire/session.ts";

type Answer = Extract<OracleMessage, { kind: "shares" }>;

interface Given {
  readonly slotId: Uint8Array;
  /** The very COMMIT, as the workload signed it. */
  readonly input: Uint8Array;
  readonly answer: Answer;
  readonly expiresAtMs: number;
}

/**
 * Answers to COMMITs of late: the same COMMIT gets the same bytes again, so that a signer that relays it before it
 * arrives spends nobody's slot. They hold signature shares that were given out, never nonces.
 */
export class GivenAnswers {
  readonly #given = new Map<string, Given[]>();
  #count = 0;

  /** What this COMMIT got; undefined for any other one, also of the same slot. */
  find(instance: Uint8Array, slotId: Uint8Array, input: Uint8Array, nowMs: number): Answer | undefined {
    return this.#given
      .get(byteKey(instance))
      ?.find(
        (one) => one.expiresAtMs > nowMs && equalBytes(one.slotId, slotId) && equalBytes(one.input, input),
      )?.answer;
  }

  keep(answer: Answer, input: Uint8Array, expiresAtMs: number): void {
    const key = byteKey(answer.instance);
    const all = this.#given.get(key) ?? [];
    if (all.length >= NONCE_SLOTS_PER_INSTANCE_MAX) {
      all.shift();
      this.#count -= 1;
    }
    if (this.#count >= NONCE_SLOTS_MAX) return;
    all.push({ slotId: answer.slotId, input, answer, expiresAtMs });
    this.#given.set(key, all);
    this.#count += 1;
  }

  /** Forgets an instance: it was suspended or revoked. */
  drop(instance: Uint8Array): void {
    const key = byteKey(instance);
    this.#count -= this.#given.get(key)?.length ?? 0;
    this.#given.delete(key);
  }

  expire(nowMs: number): void {
    for (const [key, all] of this.#given) {
      const live = all.filter((one) => one.expiresAtMs > nowMs);
      this.#count -= all.length - live.length;
      if (live.length === 0) this.#given.delete(key);
      else this.#given.set(key, live);
    }
  }
}
