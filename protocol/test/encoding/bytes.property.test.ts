import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteKey, toHex, utf8 } from "../../src/bytes.ts";

describe("byte strings", () => {
  it("become keys of one character a byte, whatever was asked for before", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (a, b) => {
        const plain = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
        expect([byteKey(a), byteKey(b)]).toEqual([plain(a), plain(b)]);
        expect(toHex(a)).toBe(Buffer.from(a).toString("hex"));
      }),
    );
  });

  it("are those of the text in UTF-8, with what cannot be said in it replaced", () => {
    expect.hasAssertions();
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 100 }),
      fc.string({ unit: "grapheme-ascii" }),
    );
    fc.assert(
      fc.property(text, fc.constantFrom("", "\ud800", "\udc00"), (one, lone) => {
        expect(utf8(one + lone)).toEqual(new TextEncoder().encode(one + lone));
      }),
    );
  });
});
