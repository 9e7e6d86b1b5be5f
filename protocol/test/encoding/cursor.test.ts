import { describe, expect, test } from "vitest";
import { withWriter } from "../../src/encoding/cursor.ts";
import { encode, hashOf, struct, taggedHash, u8, varBytes } from "../../src/encoding/index.ts";

describe("the writers that are used again", () => {
  test.each([10, 4096, 5000, 200_000])("keep nothing of %d bytes, also when the writing fails", (length) => {
    const secret = new Uint8Array(length).fill(7);
    for (const fails of [false, true]) {
      let view = new Uint8Array(1);
      const write = (): void =>
        withWriter((writer) => {
          writer.bytes(secret);
          view = writer.written() as Uint8Array<ArrayBuffer>;
          if (fails) throw new Error("in the middle");
        });
      if (fails) expect(write).toThrow("in the middle");
      else write();
      expect(view).toHaveLength(length);
      expect(view.every((byte) => byte === 0)).toBe(true);
    }
  });

  test("are not shared with what encodes or hashes while a value is written, nor spoilt by one that fails", () => {
    const plain = struct({ a: u8, b: varBytes(9) });
    const value = { a: 1, b: Uint8Array.of(2, 3) };
    const nested: typeof plain = {
      ...plain,
      write: (writer, one) => {
        writer.uint(one.a, 1);
        encode(plain, { a: 9, b: Uint8Array.of(9, 9, 9) });
        hashOf("ipse/v1/x", plain, { a: 8, b: new Uint8Array(9) });
        expect(() => encode(plain, { a: 256, b: new Uint8Array() })).toThrow();
        varBytes(9).write(writer, one.b);
      },
    };
    expect(encode(nested, value)).toEqual(Uint8Array.of(1, 0, 0, 0, 2, 2, 3));
    expect(hashOf("ipse/v1/x", nested, value)).toEqual(taggedHash("ipse/v1/x", encode(plain, value)));
  });
});
