import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/bytes.ts";
import { parseStrictJson, parseStrictJsonBytes } from "../../src/encoding/strict-json.ts";

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "accepted";
};

describe("strict JSON refuses", () => {
  it.each([
    ["a key twice", '{"a":1,"a":2}', "ERR_JSON_DUPLICATE_KEY"],
    ["a key twice, once escaped", '{"aud":1,"\\u0061ud":2}', "ERR_JSON_DUPLICATE_KEY"],
    ["a key twice deep inside", '[{"x":{"b":1,"c":2,"b":3}}]', "ERR_JSON_DUPLICATE_KEY"],
    ["the key of prototype pollution", '{"__proto__":{"admin":true}}', "ERR_JSON_KEY"],
    ["the same, escaped", '{"\\u005f_proto__":1}', "ERR_JSON_KEY"],
    ["an escaped lone surrogate", '"\\ud800"', "ERR_JSON_SURROGATE"],
    ["a raw lone surrogate", '"\ud800"', "ERR_JSON_SURROGATE"],
    ["surrogates in the wrong order", '"\\udc00\\ud800"', "ERR_JSON_SURROGATE"],
    ["a lone surrogate in a key", '{"\\udfff":1}', "ERR_JSON_SURROGATE"],
    ["an integer others round", "9007199254740993", "ERR_JSON_NUMBER"],
    ["an overflowing number", "1e999", "ERR_JSON_NUMBER"],
    ["nesting that exhausts a stack", "[".repeat(60_000), "ERR_JSON_DEPTH"],
    ["nesting one too deep", `${"[".repeat(17)}1${"]".repeat(17)}`, "ERR_JSON_DEPTH"],
    ["input too long", " ".repeat(64 * 1024 + 1), "ERR_JSON_SIZE"],
    ["nothing", "", "ERR_JSON_SYNTAX"],
    ["a second value", '{"a":1}{"a":2}', "ERR_JSON_SYNTAX"],
    ["a trailing comma", "[1,]", "ERR_JSON_SYNTAX"],
    ["a trailing comma in an object", '{"a":1,}', "ERR_JSON_SYNTAX"],
    ["a comment", "/**/1", "ERR_JSON_SYNTAX"],
    ["a leading zero", "01", "ERR_JSON_SYNTAX"],
    ["a plus sign", "+1", "ERR_JSON_SYNTAX"],
    ["a bare point", "1.", "ERR_JSON_SYNTAX"],
    ["NaN", "NaN", "ERR_JSON_SYNTAX"],
    ["Infinity", "-Infinity", "ERR_JSON_SYNTAX"],
    ["single quotes", "'a'", "ERR_JSON_SYNTAX"],
    ["a raw line feed in a string", '"a\nb"', "ERR_JSON_SYNTAX"],
    ["an unknown escape", '"\\x41"', "ERR_JSON_SYNTAX"],
    ["an escape named by Object.prototype", '"\\constructor"', "ERR_JSON_SYNTAX"],
    ["half an escape", '"\\u12', "ERR_JSON_SYNTAX"],
    ["an open string", '"abc', "ERR_JSON_SYNTAX"],
    ["a byte order mark", "\ufeff1", "ERR_JSON_SYNTAX"],
    ["white space JSON does not know", "\u00a01", "ERR_JSON_SYNTAX"],
    ["a word that goes on", "nullify", "ERR_JSON_SYNTAX"],
  ])("%s", (_name, text, code) => {
    expect(codeOf(() => parseStrictJson(text))).toBe(code);
  });

  it("bytes that are not UTF-8, and an encoded byte order mark", () => {
    expect(codeOf(() => parseStrictJsonBytes(Uint8Array.of(0x22, 0xff, 0x22)))).toBe("ERR_JSON_UTF8");
    expect(codeOf(() => parseStrictJsonBytes(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)))).toBe("ERR_JSON_SYNTAX");
  });

  it("without repeating the content, but with the position", () => {
    expect(() => parseStrictJson('{"secret":1,"secret":2}')).toThrow(/^a key stands twice at position 12$/);
  });
});

describe("strict JSON accepts", () => {
  it.each(["constructor", "toString", "hasOwnProperty", ""])("the harmless key %j as an own key", (key) => {
    const parsed = parseStrictJson(`{${JSON.stringify(key)}:1}`) as Record<string, unknown>;
    expect(Object.keys(parsed)).toEqual([key]);
    expect(Object.hasOwn(parsed, key)).toBe(true);
  });

  it("the same key in different objects", () => {
    expect(parseStrictJson('[{"a":1},{"a":{"a":2}}]')).toEqual([{ a: 1 }, { a: { a: 2 } }]);
  });

  it("surrogate pairs, escaped and raw", () => {
    expect(parseStrictJson('"\\ud83d\\ude00😀"')).toBe("😀😀");
    expect(parseStrictJsonBytes(utf8('"😀"'))).toBe("😀");
  });
});
