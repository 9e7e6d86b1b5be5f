import { describe, expect, it } from "vitest";
import { toBase64Url } from "../../src/bytes.ts";
import {
  buildAccessTokenClaims,
  buildIntrospection,
  buildOpenIdConfiguration,
  buildServerMetadata,
  credentialHash,
  OAuthError,
} from "../../src/oauth/index.ts";
import { issuer, jkt, nowSeconds, workload } from "./fixture.ts";

describe("an OAuth error", () => {
  it("has the body of RFC 6749 section 5.2, in its characters", () => {
    const error = new OAuthError("invalid_scope", 'not "allowed" \n');
    expect(error.body).toEqual({ error: "invalid_scope", error_description: "not 'allowed' '" });
    expect([error.status, error.code]).toEqual([400, "ERR_OAUTH_INVALID_SCOPE"]);
  });
});

describe("introspection", () => {
  it("repeats the claims and names the type", () => {
    const subject = {
      issuer,
      workload,
      instance: new Uint8Array(32),
      request: { scope: undefined, resource: workload.resources[0] },
      jkt,
    };
    const bound = buildAccessTokenClaims(subject, { iat: nowSeconds, jti: "x" });
    expect(buildIntrospection(bound)).toEqual({ active: true, token_type: "DPoP", ...bound });
    const bearer = buildAccessTokenClaims({ ...subject, jkt: undefined }, { iat: nowSeconds, jti: "x" });
    expect(buildIntrospection(bearer)).toMatchObject({ active: true, token_type: "Bearer" });
  });
});

describe("server metadata", () => {
  it("announces what is served and nothing else", () => {
    expect(buildServerMetadata(`${issuer}/`)).toMatchObject({
      issuer: `${issuer}/`,
      token_endpoint: `${issuer}/oauth2/token`,
      grant_types_supported: ["client_credentials"],
      token_endpoint_auth_methods_supported: ["private_key_jwt"],
      response_types_supported: [],
    });
    expect(buildOpenIdConfiguration(issuer, ["ES256"]).id_token_signing_alg_values_supported).toEqual([
      "ES256",
    ]);
  });
});

describe("a resource's credential", () => {
  it("is 32 random bytes in base64url", () => {
    expect(credentialHash(toBase64Url(new Uint8Array(32)))).toHaveLength(32);
    expect(credentialHash(toBase64Url(new Uint8Array(31)))).toBeUndefined();
    expect(credentialHash("password")).toBeUndefined();
  });
});
