import { describe, expect, it } from "vitest";
import {
  accessTokenHash,
  checkDpopProofClaims,
  type DpopExpectation,
  dpopKey,
  jwkThumbprint,
  normalizeHtu,
  parseSigningInput,
} from "../../src/oauth/index.ts";
import { codeOf, ec, NOW, nowSeconds, okp, signingInput } from "./fixture.ts";

const url = "https://id.test.ipse/oauth2/token";
const head = { typ: "dpop+jwt", alg: "ES256", jwk: ec };
const body = { jti: "1", htm: "POST", htu: url, iat: nowSeconds };
const expectation: DpopExpectation = {
  method: "POST",
  urls: ["https://o1.test/oauth2/token", url],
  nowMs: NOW,
};

const judge = (headChanges: object, bodyChanges: object, expected: Partial<DpopExpectation> = {}) => {
  const jwt = parseSigningInput(signingInput({ ...head, ...headChanges }, { ...body, ...bodyChanges }));
  return checkDpopProofClaims(jwt, dpopKey(jwt).jwk, { ...expectation, ...expected });
};
const verdict = (...args: Parameters<typeof judge>) => codeOf(() => judge(...args));
const INVALID = "ERR_OAUTH_INVALID_DPOP_PROOF";

describe("a DPoP proof", () => {
  it.each<[string, object, object, Partial<DpopExpectation>, string]>([
    ["for this endpoint", {}, {}, {}, "accepted"],
    ["for another name of it", {}, { htu: "https://o1.test/oauth2/token" }, {}, "accepted"],
    ["with a query, which does not count", {}, { htu: `${url}?a=b` }, {}, "accepted"],
    ["written differently", {}, { htu: "HTTPS://ID.test.ipse:443/x/../oauth2/%74oken" }, {}, "accepted"],
    ["with an Ed25519 key", { alg: "Ed25519", jwk: okp }, {}, {}, "accepted"],
    ["with what WebCrypto exports", { jwk: { ...ec, ext: true, key_ops: ["verify"] } }, {}, {}, "accepted"],
    ["for another endpoint", {}, { htu: "https://id.test.ipse/oauth2/introspect" }, {}, INVALID],
    ["for another host", {}, { htu: "https://evil.test/oauth2/token" }, {}, INVALID],
    [
      "for our name as another's user",
      {},
      { htu: "https://id.test.ipse@evil.test/oauth2/token" },
      {},
      INVALID,
    ],
    ["for another scheme", {}, { htu: "http://id.test.ipse/oauth2/token" }, {}, INVALID],
    ["for another method", {}, { htm: "GET" }, {}, INVALID],
    ["for another method's case", {}, { htm: "post" }, {}, INVALID],
    ["made too early", {}, { iat: nowSeconds + 61 }, {}, INVALID],
    ["kept too long", {}, { iat: nowSeconds - 61 }, {}, INVALID],
    ["without jti", {}, { jti: undefined }, {}, INVALID],
    ["of another type", { typ: "JWT" }, {}, {}, INVALID],
    ["under a symmetric alg", { alg: "HS256" }, {}, {}, INVALID],
    ["under alg none", { alg: "none" }, {}, {}, INVALID],
    ["with a private key in it", { jwk: { ...ec, d: ec.x } }, {}, {}, INVALID],
    ["with a key for another alg", { alg: "EdDSA" }, {}, {}, INVALID],
    ["without a key", { jwk: undefined }, {}, {}, INVALID],
    ["with a key by reference", { kid: "x" }, {}, {}, INVALID],
    ["without the server's nonce", {}, {}, { acceptNonce: () => true }, "ERR_OAUTH_USE_DPOP_NONCE"],
    [
      "with a nonce of its own",
      {},
      { nonce: "x" },
      { acceptNonce: (n) => n === "y" },
      "ERR_OAUTH_USE_DPOP_NONCE",
    ],
    ["with the server's nonce", {}, { nonce: "y" }, { acceptNonce: (n) => n === "y" }, "accepted"],
    ["with the token's hash", {}, { ath: accessTokenHash("tok") }, { accessToken: "tok" }, "accepted"],
    ["with another token's hash", {}, { ath: accessTokenHash("kot") }, { accessToken: "tok" }, INVALID],
    ["without a token's hash", {}, {}, { accessToken: "tok" }, INVALID],
  ])("%s", (_name, headChanges, bodyChanges, expected, code) => {
    expect(verdict(headChanges, bodyChanges, expected)).toBe(code);
  });

  it("names its key and how long a replay matters", () => {
    expect(judge({}, {})).toEqual({ jkt: jwkThumbprint(ec), jti: "1", replayUntilMs: NOW + 60_000 });
  });
});

describe("a thumbprint (RFC 7638)", () => {
  it("is the one of RFC 8037 appendix A.3", () => {
    expect(jwkThumbprint(okp)).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  });

  it("is the one of RFC 9449 section 6.1", () => {
    expect(jwkThumbprint(ec)).toBe("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
  });

  it("ignores every other member", () => {
    expect(jwkThumbprint({ ...okp, kid: "x", alg: "EdDSA", use: "sig" })).toBe(jwkThumbprint(okp));
  });
});

describe("normalizing htu", () => {
  it.each([
    ["https://a.test:080/x", "https://a.test:080/x"],
    ["https://a.test:0443/x", "https://a.test/x"],
    ["http://a.test:8/..b/.c/...", "http://a.test:8/..b/.c/..."],
    ["https://a.test//b//", "https://a.test//b//"],
    ["https://a.test/x/..", "https://a.test/"],
    ["https://a.test/x/.", "https://a.test/x/"],
    ["https://a.test", "https://a.test/"],
    ["https://a.test:443/", "https://a.test/"],
    ["http://a.test:80/x", "http://a.test/x"],
    ["http://a.test:443/x", "http://a.test:443/x"],
    ["https://a.test:8443/x", "https://a.test:8443/x"],
    ["https://a.test/a/./b/../c?x#y", "https://a.test/a/c"],
    ["https://a.test/../..", "https://a.test/"],
    ["https://a.test/a%2fb", "https://a.test/a%2Fb"],
    ["https://a.test/%7Eb", "https://a.test/~b"],
    ["http://[::1]:7400/t", "http://[::1]:7400/t"],
  ])("%s is %s", (url, normal) => {
    expect(normalizeHtu(url)).toBe(normal);
  });

  it.each([
    "",
    "a.test",
    "ftp://a.test",
    "https://",
    "https://u@a.test/",
    "https://a.test/%",
    "https://a b/",
    "https://:80/",
  ])("%j is refused", (text) => {
    expect(normalizeHtu(text)).toBeUndefined();
  });

  it.each(["https://a.test/b", "http://127.0.0.1:7400/oauth2/token", "https://a.test/x/y/"])(
    "%s agrees with the platform's URL",
    (text) => {
      expect(normalizeHtu(text)).toBe(new URL(text).href);
    },
  );
});
