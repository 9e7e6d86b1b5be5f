import { generateKeyPairSync, sign } from "node:crypto";
import { calculateJwkThumbprint, decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { assertionSigningInput, makeAssertion } from "../../src/tokens/index.ts";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const jwk = publicKey.export({ format: "jwk" });
const kid = await calculateJwkThumbprint(jwk as { kty: string });
const identity = { spiffeId: "spiffe://dev.ipse/a", kid, issuer: "https://issuer.example" };
const signer = async (input: Uint8Array) => new Uint8Array(sign(null, input, privateKey));

describe("a client assertion", () => {
  it("verifies as RFC 7523 wants it", async () => {
    const jwt = await makeAssertion(identity, { audience: "https://other.example" }, signer, Date.now());
    const { payload, protectedHeader } = await jwtVerify(jwt, await importJWK(jwk, "EdDSA"), {
      audience: "https://other.example",
      issuer: identity.spiffeId,
      subject: identity.spiffeId,
      typ: "client-authentication+jwt",
    });
    expect(protectedHeader).toEqual({ typ: "client-authentication+jwt", alg: "EdDSA", kid });
    expect(Object.keys(payload).sort()).toEqual(["aud", "exp", "iat", "iss", "jti", "sub"]);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(60);
    expect(typeof payload.aud).toBe("string");
  });

  it("names what it may be used for at our own issuer", async () => {
    const request = { audience: identity.issuer, scope: "read", resource: "https://api.example", jkt: kid };
    const jwt = await makeAssertion(identity, request, signer, Date.now());
    const { payload } = await jwtVerify(jwt, await importJWK(jwk, "EdDSA"), { audience: identity.issuer });
    expect(payload).toMatchObject({ scope: "read", resource: "https://api.example", cnf: { jkt: kid } });
    expect(decodeProtectedHeader(jwt).kid).toBe(kid);
  });

  it("does not carry our names to another issuer", () => {
    const request = { audience: "https://other.example", scope: "read" };
    const refused = expect.objectContaining({ code: "ERR_ASSERTION_BINDING" });
    expect(() => assertionSigningInput(identity, request, 0)).toThrow(refused);
  });

  it("is never the same twice", () => {
    const request = { audience: identity.issuer };
    expect(assertionSigningInput(identity, request, 5)).not.toBe(assertionSigningInput(identity, request, 5));
  });
});
