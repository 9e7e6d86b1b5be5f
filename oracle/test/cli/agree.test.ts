import { describe, expect, it } from "vitest";
import { mergeLists, reachedBy } from "../../src/operator/index.ts";

interface Item {
  readonly id: string;
  readonly status: string;
}
const merge = (lists: Readonly<Record<number, readonly Item[]>>, need: number) =>
  mergeLists(
    Object.entries(lists).map(([oracle, value]) => ({ oracle: Number(oracle), value })),
    need,
    ({ id }) => id,
    JSON.stringify,
    ({ status }) => ["active", "revoked"].indexOf(status),
  );
const item = (id: string, status: string): Item => ({ id, status });

describe("answers of several oracles", () => {
  it("count where b+1 say the same", () => {
    const merged = merge(
      { 1: [item("x", "active")], 2: [item("x", "active")], 3: [item("x", "revoked")] },
      2,
    );
    expect(merged.agreed).toEqual([{ value: item("x", "active"), saidBy: [1, 2] }]);
    expect(merged.disputed).toEqual([]);
  });

  it("count for the worse as soon as b+1 say it", () => {
    const lists = {
      1: [item("x", "active")],
      2: [item("x", "active")],
      3: [item("x", "revoked")],
      4: [item("x", "revoked")],
    };
    expect(merge(lists, 2).agreed).toEqual([{ value: item("x", "revoked"), saidBy: [3, 4] }]);
  });

  it("are shown as disputed where one oracle stands alone", () => {
    const merged = merge(
      { 1: [item("x", "revoked")], 2: [], 3: [item("y", "active")], 4: [item("y", "active")] },
      2,
    );
    expect(merged.agreed.map(({ value }) => value.id)).toEqual(["y"]);
    expect(merged.disputed).toEqual([{ key: "x", claims: [{ value: item("x", "revoked"), saidBy: [1] }] }]);
  });

  it("give the number that enough of them reach, so that no liar raises it", () => {
    expect(reachedBy([3, 99, 3, 2], 2)).toBe(3);
    expect(reachedBy([5], 2)).toBe(0);
  });
});
