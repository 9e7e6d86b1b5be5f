import fc from "fast-check";
import { expect, it } from "vitest";
import { concatBytes, utf8 } from "../../src/bytes.ts";
import { looksTyped } from "../../src/policy/index.ts";

/** The same question, answered the plain way: decode all of it, then look. */
function plainly(bytes: Uint8Array): boolean {
  const latin1 = String.fromCharCode(...bytes);
  const [head, ...more] = latin1.split(".");
  const digits = (head ?? "").replaceAll(/[^A-Za-z0-9+/_-]/g, "");
  const decoded = Buffer.from(digits, "base64").toString("latin1");
  const inner = decoded.replaceAll(/^[\0- \xef\xbb\xbf\xfe\xff]+|[\0- \xef\xbb\xbf\xfe\xff]+$/g, "");
  const jws = more.length > 0 && inner.startsWith("{") && inner.endsWith("}");
  return (
    jws ||
    latin1.startsWith("DSSEv1 ") ||
    latin1.startsWith("ipse/", 1) ||
    latin1.includes("@signature-params")
  );
}

const base64 = (text: string): Uint8Array => utf8(Buffer.from(text, "latin1").toString("base64"));
/** What the question turns on, whole and in pieces. */
const piece = fc.oneof(
  fc
    .constantFrom(
      ".",
      "=",
      "-_",
      "+/",
      "{",
      "}",
      "@",
      "@signature-params",
      "@signature-param",
      "@@signature-params",
    )
    .map(utf8),
  fc.constantFrom("DSSEv1 ", "DSSEv1", "\x0cipse/", "ipse/", "ipse", "\r\n ", "eyJ", "fQ").map(utf8),
  fc
    .constantFrom('{"alg":"EdDSA"}', "{", "}", "{}", " {} ", "\xef\xbb\xbf{}\0", "x{}", "{}x", "\0\0")
    .map(base64),
  fc.uint8Array({ maxLength: 5 }),
);
const payload = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((pieces) => concatBytes(...pieces)),
  fc.uint8Array({ maxLength: 200 }),
);

it("whether bytes look typed does not depend on how it is found out", () => {
  expect.hasAssertions();
  const seen = new Set<boolean>();
  fc.assert(
    fc.property(payload, (bytes) => {
      const typed = plainly(bytes);
      seen.add(typed);
      expect(looksTyped(bytes)).toBe(typed);
    }),
    { numRuns: 5000 },
  );
  expect(seen.size).toBe(2);
});
