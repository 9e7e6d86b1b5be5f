import { describe, expect, it } from "vitest";
import {
  buildAccessTokenClaims,
  CLIENT_ASSERTION_TYPE,
  checkBinding,
  grantFor,
  parseForm,
  parseTokenRequest,
  tokenJti,
} from "../../src/oauth/index.ts";
import { claims, codeOf, issuer, jkt, nowSeconds, signingInput, workload } from "./fixture.ts";

const [orders, billing] = workload.resources;
const single = { ...workload, resources: ["https://orders.test/"] };

describe("a form", () => {
  it("decodes as browsers encode", () => {
    const form = parseForm("scope=a+b&resource=https%3A%2F%2Fx.test%2F&empty=&flag");
    expect([...form]).toEqual([
      ["scope", "a b"],
      ["resource", "https://x.test/"],
    ]);
    expect(parseForm("").size).toBe(0);
  });

  it.each([
    ["a parameter twice", "scope=a&scope=b"],
    ["a parameter twice with one value", "scope=a&scope=a"],
    ["a parameter twice, once empty", "scope=&scope=a"],
    ["a parameter twice, once escaped", "scope=a&%73cope=b"],
    ["escapes that are none", "scope=%zz"],
    ["escapes that are not UTF-8", "scope=%ff"],
    ["a flood of parameters", Array.from({ length: 33 }, (_, i) => `p${i}=1`).join("&")],
  ])("is refused with %s", (_name, body) => {
    expect(codeOf(() => parseForm(body))).toBe("ERR_OAUTH_INVALID_REQUEST");
  });
});

describe("a token request", () => {
  const valid = {
    grant_type: "client_credentials",
    client_assertion_type: CLIENT_ASSERTION_TYPE,
    client_assertion: "a.b.c",
  };
  const parse = (changes: Record<string, string | undefined>) => {
    const entries = Object.entries({ ...valid, ...changes });
    const form = new Map(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
    return codeOf(() => parseTokenRequest(form));
  };

  it.each<[string, Record<string, string | undefined>, string]>([
    ["as it should be", {}, "accepted"],
    ["with parameters nobody knows", { foo: "bar" }, "accepted"],
    ["without a grant type", { grant_type: undefined }, "ERR_OAUTH_INVALID_REQUEST"],
    ["for a code", { grant_type: "authorization_code" }, "ERR_OAUTH_UNSUPPORTED_GRANT_TYPE"],
    ["without an assertion", { client_assertion: undefined }, "ERR_OAUTH_INVALID_CLIENT"],
    [
      "with a SAML assertion",
      { client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:saml2-bearer" },
      "ERR_OAUTH_INVALID_CLIENT",
    ],
    ["with a shared secret on top", { client_secret: "x" }, "ERR_OAUTH_INVALID_CLIENT"],
    ["with a scope of foreign characters", { scope: 'a"b' }, "ERR_OAUTH_INVALID_SCOPE"],
    ["with doubled spaces in scope", { scope: "a  b" }, "ERR_OAUTH_INVALID_SCOPE"],
  ])("%s", (_name, changes, code) => {
    expect(parse(changes)).toBe(code);
  });
});

describe("an assertion is for one request", () => {
  const bound = { ...claims, scope: "orders:read", resource: "https://orders.test/", cnf: { jkt } };
  const request = { clientAssertion: "", clientId: undefined, scope: bound.scope, resource: bound.resource };

  it("the one it names", () => {
    expect(codeOf(() => checkBinding(bound, request, jkt))).toBe("accepted");
    expect(codeOf(() => checkBinding(bound, { ...request, clientId: claims.sub }, jkt))).toBe("accepted");
    const bare = { ...request, scope: undefined, resource: undefined };
    expect(codeOf(() => checkBinding(claims, bare, undefined))).toBe("accepted");
  });

  it.each<[string, object, string | undefined, string]>([
    ["widening the scope", { scope: "orders:read orders:write" }, jkt, "ERR_OAUTH_INVALID_SCOPE"],
    ["dropping the scope, which means all", { scope: undefined }, jkt, "ERR_OAUTH_INVALID_SCOPE"],
    ["turning to another resource", { resource: "https://billing.test/v2" }, jkt, "ERR_OAUTH_INVALID_TARGET"],
    ["dropping the resource", { resource: undefined }, jkt, "ERR_OAUTH_INVALID_TARGET"],
    ["a DPoP key of one's own", {}, claims.jti, "ERR_OAUTH_INVALID_DPOP_PROOF"],
    ["dropping the proof, for a bearer token", {}, undefined, "ERR_OAUTH_INVALID_DPOP_PROOF"],
    ["another client's name", { clientId: "spiffe://test.ipse/a" }, jkt, "ERR_OAUTH_INVALID_CLIENT"],
  ])("and refuses %s", (_name, changes, key, code) => {
    expect(codeOf(() => checkBinding(bound, { ...request, ...changes }, key))).toBe(code);
  });

  it("and refuses to bind what was to be a bearer token", () => {
    const bare = { ...request, scope: undefined, resource: undefined };
    expect(codeOf(() => checkBinding(claims, bare, jkt))).toBe("ERR_OAUTH_INVALID_DPOP_PROOF");
  });
});

describe("a grant", () => {
  it("is what was asked for, or all there is", () => {
    expect(grantFor({ scope: "orders:read", resource: billing }, workload)).toEqual({
      scope: "orders:read",
      resource: billing,
    });
    expect(grantFor({ scope: undefined, resource: undefined }, single)).toEqual({
      scope: "orders:read orders:write",
      resource: orders,
    });
    expect(
      grantFor({ scope: undefined, resource: orders }, { ...workload, scopes: [] }).scope,
    ).toBeUndefined();
  });

  it.each<[string, { scope: string | undefined; resource: string | undefined }, string]>([
    ["beyond the scopes", { scope: "orders:read admin", resource: orders }, "ERR_OAUTH_INVALID_SCOPE"],
    [
      "for a foreign resource",
      { scope: undefined, resource: "https://evil.test" },
      "ERR_OAUTH_INVALID_TARGET",
    ],
    [
      "for a path below a resource",
      { scope: undefined, resource: "https://orders.test/x" },
      "ERR_OAUTH_INVALID_TARGET",
    ],
    [
      "for no resource where there are two",
      { scope: undefined, resource: undefined },
      "ERR_OAUTH_INVALID_TARGET",
    ],
  ])("is never %s", (_name, request, code) => {
    expect(codeOf(() => grantFor(request, workload))).toBe(code);
  });
});

describe("an access token", () => {
  const instance = new Uint8Array(32).fill(0xab);
  const subject = { issuer, workload, instance, request: { scope: "orders:read", resource: orders }, jkt };

  it("has the claims of RFC 9068, the same for everyone who computes them", () => {
    const proposed = { iat: nowSeconds, jti: "x" };
    const token = buildAccessTokenClaims(subject, proposed);
    expect(token).toEqual({
      iss: issuer,
      sub: workload.spiffeId,
      aud: orders,
      client_id: workload.spiffeId,
      scope: "orders:read",
      jti: "x",
      iat: nowSeconds,
      exp: nowSeconds + 300,
      instance: "ab".repeat(32),
      cnf: { jkt },
    });
    expect(JSON.stringify(buildAccessTokenClaims(subject, proposed))).toBe(JSON.stringify(token));
  });

  it("has no confirmation when it is a bearer token", () => {
    const token = buildAccessTokenClaims({ ...subject, jkt: undefined }, { iat: 1, jti: "x" });
    expect("cnf" in token).toBe(false);
  });

  it("has one jti per assertion", () => {
    expect(tokenJti(signingInput({}, claims))).toMatch(/^[\w-]{43}$/);
    expect(tokenJti(signingInput({}, claims))).not.toBe(tokenJti(signingInput({}, { ...claims, jti: "2" })));
  });
});
