import { describe, expect, test } from "vitest";
import { carried, remembered } from "../../src/encoding/index.ts";

interface Value {
  readonly name: string;
}

describe.each([
  ["remembered", remembered],
  ["carried", carried],
])("a function that is %s", (_name, make) => {
  test("is computed once for each object, also when others are asked for the same one", () => {
    const calls: string[] = [];
    const upper = make((value: Value) => {
      calls.push(value.name);
      return { text: value.name.toUpperCase() };
    });
    const length = make((value: Value) => value.name.length);
    const [a, b] = [{ name: "a" }, { name: "bb" }];
    expect([upper(a), upper(b), upper(a)].map(({ text }) => text)).toEqual(["A", "BB", "A"]);
    expect([length(a), length(b)]).toEqual([1, 2]);
    expect(upper(a)).toBe(upper(a));
    expect(calls).toEqual(["a", "bb"]);
  });

  test("leaves nothing on the object that a copy or a comparison would see", () => {
    const upper = make((value: Value) => value.name.toUpperCase());
    const value = { name: "a" };
    expect(upper(value)).toBe("A");
    expect(upper({ ...value, name: "b" })).toBe("B");
    expect(Reflect.ownKeys(value)).toEqual(["name"]);
    expect(value).toStrictEqual({ name: "a" });
  });
});
