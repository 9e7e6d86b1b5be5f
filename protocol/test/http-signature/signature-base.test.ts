import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/bytes.ts";
import { contentDigest, type SignedRequest, signatureBase } from "../../src/http-signature/index.ts";

/** The test request of RFC 9421 appendix B.2. */
const request: SignedRequest = {
  method: "POST",
  target: { scheme: "https", authority: "example.com", path: "/foo", query: "?param=Value&Pet=dog" },
  fields: new Map([
    ["date", ["Tue, 20 Apr 2021 02:07:55 GMT"]],
    ["content-type", ["application/json"]],
    ["content-length", ["18"]],
    ["x-two", [" a", "b "]],
    ["x-bent", ['a\n"@method": GET']],
  ]),
};
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("a signature base", () => {
  it("is the one of RFC 9421 appendix B.2.6", () => {
    const components = ["date", "@method", "@path", "@authority", "content-type", "content-length"];
    const { base, input } = signatureBase(request, components, [
      ["created", 1618884473],
      ["keyid", "test-key-ed25519"],
    ]);
    expect(input).toBe(
      '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"',
    );
    expect(text(base)).toBe(
      [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@method": POST',
        '"@path": /foo',
        '"@authority": example.com',
        '"content-type": application/json',
        '"content-length": 18',
        `"@signature-params": ${input}`,
      ].join("\n"),
    );
  });

  it("derives every component of RFC 9421 section 2.2", () => {
    const components = ["@target-uri", "@scheme", "@request-target", "@query", "x-two"];
    const lines = text(signatureBase(request, components, []).base).split("\n");
    expect(lines.slice(0, -1)).toEqual([
      '"@target-uri": https://example.com/foo?param=Value&Pet=dog',
      '"@scheme": https',
      '"@request-target": /foo?param=Value&Pet=dog',
      '"@query": ?param=Value&Pet=dog',
      '"x-two": a, b',
    ]);
    const bare = { ...request, target: { ...request.target, query: "" } };
    expect(text(signatureBase(bare, ["@query"], []).base)).toContain('"@query": ?\n');
  });

  it("escapes strings (RFC 8941 section 4.1.6)", () => {
    expect(signatureBase(request, [], [["nonce", 'a"b\\c']]).input).toBe('();nonce="a\\"b\\\\c"');
  });

  it.each<[string, string[], [string, string][]]>([
    ["a field that is absent", ["x-absent"], []],
    ["a line feed that forges a component", ["x-bent"], []],
    ["a component twice", ["@method", "@method"], []],
    ["itself", ["@signature-params"], []],
    ["a name with a quote", ['x";a="'], []],
    ["a name in upper case", ["Date"], []],
    ["an inherited name", ["constructor"], []],
    ["a parameter with a line feed", [], [["nonce", "a\nb"]]],
    ["a parameter whose name is none", [], [["a;b", "c"]]],
  ])("never covers %s", (_name, components, parameters) => {
    const refused = expect.objectContaining({ code: "ERR_HTTP_SIGNATURE" });
    expect(() => signatureBase(request, components, parameters)).toThrow(refused);
  });
});

describe("a content digest", () => {
  it("is the one of RFC 9530 appendix B and of RFC 9421", () => {
    expect(contentDigest(utf8('{"hello": "world"}\n'))).toBe(
      "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:",
    );
    expect(contentDigest(utf8('{"hello": "world"}'))).toBe(
      "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
    );
  });
});
