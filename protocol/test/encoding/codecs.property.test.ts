import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, toHex } from "../../src/bytes.ts";
import { IpseError } from "../../src/errors.ts";
import { bytes, upTo } from "./arbitraries.ts";
import { type CodecCase, codecs } from "./codecs.ts";

/** Decodes or refuses; whatever decodes must re-encode to the same bytes. */
function decodesCanonically(codec: CodecCase, input: Uint8Array): void {
  let value: unknown;
  try {
    value = codec.decode(input);
  } catch (error) {
    expect(error).toBeInstanceOf(IpseError);
    return;
  }
  expect(toHex(codec.encode(value))).toBe(toHex(input));
}

/** One damage to valid bytes: what a flipped wire, a cut or a splice would do. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant("flip" as const), at: fc.nat(), by: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant("cut" as const), at: fc.nat() }),
  fc.record({ kind: fc.constant("insert" as const), at: fc.nat(), bytes: upTo(8) }),
);
type Damage = typeof damage extends fc.Arbitrary<infer D> ? D : never;

function damaged(input: Uint8Array, how: Damage): Uint8Array {
  const position = how.at % Math.max(1, input.length);
  const [before, after] = [input.slice(0, position), input.slice(position)];
  if (how.kind === "cut") return before;
  if (how.kind === "insert") return concatBytes(before, how.bytes, after);
  const out = input.slice();
  out[position] = (out[position] ?? 0) ^ how.by;
  return out;
}

describe.each(codecs)("the codec of $name", (codec) => {
  it("gives back every value it encodes", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(codec.value, (value) => {
        expect(codec.decode(codec.encode(value))).toEqual(value);
      }),
    );
  });

  it("has one encoding per value, whatever is done to the bytes", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(codec.value, fc.array(damage, { minLength: 1, maxLength: 3 }), (value, hows) => {
        decodesCanonically(codec, hows.reduce<Uint8Array>(damaged, codec.encode(value)));
      }),
    );
  });

  it("survives arbitrary bytes", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(fc.oneof(upTo(64), bytes(1000)), (input) => {
        decodesCanonically(codec, input);
      }),
    );
  });
});
