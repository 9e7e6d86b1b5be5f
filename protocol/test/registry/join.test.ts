import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../src/bytes.ts";
import { encode } from "../../src/encoding/index.ts";
import { checkJoinSeed, encodeJoinUri, join as joinCodec, parseJoinUri } from "../../src/registry/join.ts";
import { codeOf, group, join, keyOf } from "./fixture.ts";

const uri = encodeJoinUri(join);
const forged = (changes: Partial<typeof join>) =>
  `ipse-join:${toBase64Url(encode(joinCodec, { ...join, ...changes }))}`;

describe("a join URI", () => {
  it("comes back whole, also with a paste's white space", () => {
    expect(parseJoinUri(uri)).toEqual(join);
    expect(parseJoinUri(` ${uri}\n`)).toEqual(join);
    expect(codeOf(() => checkJoinSeed(group, join))).toBe("accepted");
  });

  it.each([
    ["another scheme", uri.replace("ipse-join", "https")],
    ["a cut-off paste", uri.slice(0, -5)],
    ["a paste broken by a line feed", `${uri.slice(0, 50)}\n${uri.slice(50)}`],
    ["padding", `${uri}==`],
    ["trailing bytes", `ipse-join:${toBase64Url(Uint8Array.from([...encode(joinCodec, join), 0]))}`],
    ["a later version", `ipse-join:${toBase64Url(encode(joinCodec, join).fill(2, 0, 1))}`],
    ["megabytes", `ipse-join:${"A".repeat(2_000_000)}`],
    ["a roster swapped beside the ticket", forged({ rosterHash: new Uint8Array(32) })],
    ["no oracles", forged({ bootstrap: [] })],
    ["an oracle twice", forged({ bootstrap: [...join.bootstrap, ...join.bootstrap] })],
  ])("is refused with %s", (_name, text) => {
    expect(codeOf(() => parseJoinUri(text))).toBe("ERR_JOIN_URI");
  });

  it("never shows its secret in an error", () => {
    const secret = toBase64Url(join.seed);
    for (const text of [uri.slice(0, -5), `${uri}x`, `x${uri}`]) {
      expect(() => parseJoinUri(text)).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining(secret) }),
      );
    }
  });

  it("is refused with another ticket's seed", () => {
    const swapped = { ...join, seed: keyOf("other").seed };
    expect(codeOf(() => checkJoinSeed(group, swapped))).toBe("ERR_JOIN_URI");
  });
});
