import { describe, expect, test } from "vitest";
import { GivenAnswers } from "../../src/host/given-answers.ts";
import { NONCE_SLOTS_MAX, NONCE_SLOTS_PER_INSTANCE_MAX } from "../../src/limits.ts";

const numbered = (n: number, length = 32): Uint8Array => {
  const out = new Uint8Array(length);
  new DataView(out.buffer).setUint32(0, n);
  return out;
};

function answerFor(instance: Uint8Array, slot: number) {
  const subject = { instance, seq: 1, headerHash: numbered(7) };
  const slotId = numbered(slot, 16);
  return { kind: "shares", oracle: 1, ...subject, slotId, results: [] } as const;
}

describe("answers that are given again", () => {
  const instance = numbered(1);
  const slot = numbered(3, 16);
  const input = numbered(4);

  test("are for the same instance, slot and bytes, and until their time is over", () => {
    const given = new GivenAnswers();
    const answer = answerFor(instance, 3);
    given.keep(answer, input, 10);
    expect(given.find(instance, slot, input.slice(), 9)).toBe(answer);
    expect(given.find(instance, slot, input, 10)).toBeUndefined();
    expect(given.find(numbered(2), slot, input, 9)).toBeUndefined();
    expect(given.find(instance, numbered(4, 16), input, 9)).toBeUndefined();
    for (const other of [numbered(5), input.subarray(1), new Uint8Array()])
      expect(given.find(instance, slot, other, 9)).toBeUndefined();
    given.drop(instance);
    expect(given.find(instance, slot, input, 9)).toBeUndefined();
  });

  test("are few for one instance, the oldest going first", () => {
    const given = new GivenAnswers();
    for (let i = 0; i <= NONCE_SLOTS_PER_INSTANCE_MAX; i++) given.keep(answerFor(instance, i), input, 10);
    const held = Array.from({ length: NONCE_SLOTS_PER_INSTANCE_MAX + 1 }, (_, i) =>
      given.find(instance, numbered(i, 16), input, 0),
    );
    expect(held.map((one) => one !== undefined)).toEqual([false, ...held.slice(1).map(() => true)]);
  });

  test("are bounded in all, and what is over, dropped or pushed out makes room", () => {
    const given = new GivenAnswers();
    // More than fit into one instance: what is pushed out is not counted for ever.
    for (let i = 0; i < 100; i++) given.keep(answerFor(instance, i), input, 10);
    const rest = NONCE_SLOTS_MAX - NONCE_SLOTS_PER_INSTANCE_MAX;
    for (let i = 0; i < rest; i++) given.keep(answerFor(numbered(100 + i), 3), input, i === 0 ? 5 : 10);
    const late = numbered(99);
    const fits = (): boolean => {
      given.keep(answerFor(late, 3), input, 10);
      return given.find(late, slot, input, 0) !== undefined;
    };
    expect(given.find(numbered(100 + rest - 1), slot, input, 0)).toBeDefined();
    expect(fits()).toBe(false);
    given.expire(5);
    expect(fits()).toBe(true);
    given.drop(late);
    expect(fits()).toBe(true);
  });
});
