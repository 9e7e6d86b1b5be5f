import { describe, expect, it, vi } from "vitest";
import { dpopKey, type JsonObject, parseSigningInput } from "../../src/oauth/index.ts";
import { recentHeaders } from "../../src/oauth/recent-headers.ts";
import { codeOf, ec, okp, signingInput } from "./fixture.ts";

const reader = () => vi.fn((text: string): JsonObject => ({ text, jwk: { x: text } }));

describe("headers seen of late", () => {
  it("are read once, and each text for itself", () => {
    const read = reader();
    const header = recentHeaders(read);
    expect(header("a")).toBe(header("a"));
    expect(header("b")).toEqual({ text: "b", jwk: { x: "b" } });
    expect(read).toHaveBeenCalledTimes(2);
  });

  it("cannot be changed by whoever got one", () => {
    const found = recentHeaders(reader())("a") as { jwk: { x: string } };
    expect(() => Object.assign(found, { text: "b" })).toThrow(TypeError);
    expect(() => Object.assign(found.jwk, { x: "b" })).toThrow(TypeError);
  });

  it("are forgotten when there are too many, but for those in use", () => {
    const read = reader();
    const header = recentHeaders(read, 4);
    for (let i = 0; i < 100; i++) {
      header("busy");
      header(`flood ${i}`);
    }
    expect(read.mock.calls.filter(([text]) => text === "busy")).toHaveLength(1);
    header("flood 0");
    expect(read.mock.calls.filter(([text]) => text === "flood 0")).toHaveLength(2);
  });

  it("are not kept when they are long", () => {
    const read = reader();
    const header = recentHeaders(read);
    const long = "a".repeat(1025);
    expect([header(long), header(long)]).toEqual([{ text: long, jwk: { x: long } }, header(long)]);
    expect(read).toHaveBeenCalledTimes(3);
  });

  it("are refused each time when they are bad", () => {
    const read = vi.fn((): JsonObject => {
      throw new RangeError("bad");
    });
    const header = recentHeaders(read);
    for (const _ of [1, 2]) expect(() => header("a")).toThrow("bad");
    expect(read).toHaveBeenCalledTimes(2);
  });
});

describe("the key of a proof", () => {
  const keyIn = (head: object, jti: string) => dpopKey(parseSigningInput(signingInput(head, { jti }))).jwk;
  const head = { typ: "dpop+jwt", alg: "ES256", jwk: ec };

  it("is the same object in all proofs of one client, and another's in another's", () => {
    const first = keyIn(head, "1");
    expect(keyIn(head, "2")).toBe(first);
    expect(keyIn({ ...head, alg: "EdDSA", jwk: okp }, "3")).toEqual(okp);
    expect(keyIn({ ...head, jwk: { ...ec, x: okp.x } }, "4")).toEqual({ ...ec, x: okp.x });
  });

  it("is refused each time when the header is no proof's", () => {
    for (const jti of ["1", "2"])
      expect(codeOf(() => keyIn({ ...head, typ: "JWT" }, jti))).toBe("ERR_OAUTH_INVALID_DPOP_PROOF");
  });
});
