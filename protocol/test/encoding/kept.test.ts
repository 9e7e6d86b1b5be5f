import { expect, test } from "vitest";
import { type Codec, decode, encode, kept, struct, u16 } from "../../src/encoding/index.ts";

test("an object is encoded once, a changed copy of it anew, and what is read is the same", () => {
  let writes = 0;
  const counting: Codec<number> = {
    ...u16,
    write: (writer, value) => {
      writes++;
      u16.write(writer, value);
    },
  };
  const plain = struct({ a: counting, b: u16 });
  const value = { a: 1, b: 2 };
  const bytes = encode(plain, value);
  writes = 0;
  const outer = struct({ first: kept(plain), second: u16 });
  const both = kept(plain);
  expect(encode(both, value)).toEqual(bytes);
  expect(encode(both, value)).toEqual(bytes);
  expect(writes).toBe(1);
  expect(encode(both, { ...value, a: 3 })).toEqual(encode(plain, { a: 3, b: 2 }));
  expect(decode(both, bytes)).toEqual(value);
  expect(encode(outer, { first: value, second: 5 })).toEqual(Uint8Array.of(...bytes, 0, 5));
});
