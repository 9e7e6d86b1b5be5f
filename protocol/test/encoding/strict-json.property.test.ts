import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseStrictJson } from "../../src/encoding/strict-json.ts";
import { IpseError } from "../../src/errors.ts";

function strict(text: string): { readonly value: unknown } | { readonly code: string } {
  try {
    return { value: parseStrictJson(text, { depthMax: 64 }) };
  } catch (error) {
    expect(error).toBeInstanceOf(IpseError);
    return { code: (error as IpseError).code };
  }
}

function loose(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** Text that is JSON or nearly so. */
const nearlyJson = fc.oneof(
  fc.json(),
  fc
    .array(
      fc.constantFrom(
        ..."{}[],:".split(""),
        '"',
        '"a"',
        '"b"',
        "\\",
        "\\u00",
        "61",
        "\\ud800",
        "1",
        "-",
        ".",
        "e5",
        "0",
        "true",
        "null",
        " ",
        "\n",
        "__proto__",
      ),
      { maxLength: 20 },
    )
    .map((parts) => parts.join("")),
  fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 3 })).map(([text, at, insert]) => {
    const position = at % (text.length + 1);
    return text.slice(0, position) + insert + text.slice(position + 1);
  }),
);

describe("strict JSON against JSON.parse", () => {
  it("reads what it accepts alike, and refuses all that JSON.parse refuses", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(nearlyJson, (text) => {
        const ours = strict(text);
        const theirs = loose(text);
        if ("value" in ours) expect(ours.value).toEqual(theirs?.value);
        else if (theirs !== undefined)
          // What JSON.parse lets pass and we do not is never a matter of grammar.
          expect(ours.code).toMatch(/_(DUPLICATE_KEY|KEY|SURROGATE|NUMBER|DEPTH|SIZE)$/);
        if ("value" in ours) expect(theirs).toBeDefined();
      }),
    );
  });

  it("reads back whatever JSON.stringify writes", () => {
    expect.hasAssertions();
    const value = fc.jsonValue({ noUnicodeString: false, maxDepth: 8 });
    fc.assert(
      fc.property(value, (original) => {
        const text = JSON.stringify(original);
        const result = strict(text);
        if ("value" in result) expect(result.value).toEqual(JSON.parse(text));
        else expect(result.code).toMatch(/_(NUMBER|SURROGATE|KEY)$/);
      }),
    );
  });
});
