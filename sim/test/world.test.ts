import { portableGroup } from "@ipse/protocol/group";
import { describe, expect, test } from "vitest";
import { runOne } from "../src/campaign/index.ts";
import { EventQueue, Prng, SimStore } from "../src/core/index.ts";
import { symbolicGroup } from "../src/crypto/symbolic-group.ts";
import { SCENARIOS } from "../src/scenarios/index.ts";
import { checkTopology } from "../src/world/index.ts";

describe("the world's parts", () => {
  test("a fork of a generator depends on the seed and its name alone", () => {
    const one = new Prng("seed");
    const other = new Prng("seed");
    other.u32();
    expect([...one.fork("a").bytes(16)]).toEqual([...other.fork("a").bytes(16)]);
    expect([...one.fork("a").bytes(16)]).not.toEqual([...one.fork("b").bytes(16)]);
  });

  test("events run in order of time, then of insertion", () => {
    const queue = new EventQueue();
    const seen: string[] = [];
    queue.at(5, () => seen.push("late"));
    queue.at(1, () => seen.push("first"));
    queue.at(1, () => seen.push("second"));
    queue.at(3, () => seen.push("never"))();
    while (queue.step(10));
    expect(seen).toEqual(["first", "second", "late"]);
  });

  test("a crash takes what was not durable, and only that", () => {
    const queue = new EventQueue();
    const store = new SimStore(queue, new Prng("disk"));
    const key = Uint8Array.of(1);
    const done: string[] = [];
    store.commit([{ key, value: Uint8Array.of(7) }], () => done.push("one"));
    while (queue.step(10));
    store.commit([{ key, value: Uint8Array.of(8) }], () => done.push("two"));
    store.crash();
    while (queue.step(20));
    expect(done).toEqual(["one"]);
    expect(store.get(key)).toEqual(Uint8Array.of(7));
  });

  test("a lying fsync gives back what was there before", () => {
    const queue = new EventQueue();
    const store = new SimStore(queue, new Prng("disk"));
    const key = Uint8Array.of(1);
    store.faults.lyingFsync = true;
    store.commit([{ key, value: Uint8Array.of(7) }], () => undefined);
    while (queue.step(10));
    expect(store.get(key)).toEqual(Uint8Array.of(7));
    store.crash();
    expect(store.get(key)).toBeUndefined();
  });

  test("impossible topologies are refused by name", () => {
    expect(() => checkTopology({ oracles: 4, quorum: 2, byzantine: 1 })).toThrow(/2q - n > b/);
    expect(() => checkTopology({ oracles: 4, quorum: 4, byzantine: 1 })).toThrow(/q <= n - b/);
    expect(() => checkTopology({ oracles: 4, quorum: 3, byzantine: 1 })).not.toThrow();
  });
});

describe("symbolic crypto", () => {
  const group = symbolicGroup;
  const scalar = (n: number) => group.scalarFromNumber(n);

  test("obeys the laws of a prime-order group", () => {
    const [a, b] = [scalar(123_456_789), scalar(987_654_321)];
    expect(group.add(group.baseMul(a), group.baseMul(b))).toEqual(group.baseMul(group.scalarAdd(a, b)));
    expect(group.mul(a, group.baseMul(b))).toEqual(group.baseMul(group.scalarMul(a, b)));
    expect(group.scalarMul(a, group.scalarInvert(a))).toEqual(scalar(1));
    expect(group.scalarAdd(a, group.scalarNegate(a))).toEqual(scalar(0));
    expect(group.multiMulPublic([a, b], [group.generator, group.generator])).toEqual(
      group.baseMul(group.scalarAdd(a, b)),
    );
    expect(() => group.decodePoint(group.identity)).toThrow();
    expect(() => group.decodePoint(a)).toThrow();
    expect(() => group.decodeScalar(group.generator)).toThrow();
  });

  test("signs and verifies", () => {
    const seed = new Uint8Array(32).fill(3);
    const message = Uint8Array.of(1, 2, 3);
    const signature = group.ed25519.sign(seed, message);
    const key = group.ed25519.publicKey(seed);
    expect(group.ed25519.verify(key, message, signature)).toBe(true);
    expect(group.ed25519.verify(key, Uint8Array.of(1, 2, 4), signature)).toBe(false);
    expect(group.ed25519.verify(group.ed25519.publicKey(new Uint8Array(32)), message, signature)).toBe(false);
  });
});

test("real crypto plays the same scenario", { timeout: 300_000 }, () => {
  const scenario = SCENARIOS.find(({ name }) => name === "clone-first");
  if (scenario === undefined) throw new Error("no scenario");
  const topology = { oracles: 4, quorum: 3, byzantine: 1 };
  const result = runOne(scenario, "real", { group: portableGroup, setting: { topology } });
  expect({ code: result.code, problems: result.problems }).toEqual({ code: "HARD", problems: [] });
});
