import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { calculateJwkThumbprint, decodeJwt, EmbeddedJWK, type JWK, jwtVerify } from "jose";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock, systemTimers } from "../../src/platform/index.ts";
import { type Issuer, TokenSource } from "../../src/tokens/index.ts";
import { authServer, type SeenRequest, type StubAnswer } from "../tools/auth-server.ts";

const { privateKey } = generateKeyPairSync("ed25519");
const identity = { spiffeId: "spiffe://dev.ipse/a", kid: "k".repeat(43), issuer: "https://issuer.example" };
const wish = { resource: "https://api.example", scope: "read", dpop: true };
const granted = (type = "DPoP"): StubAnswer => ({
  body: { access_token: "at", token_type: type, expires_in: 300, scope: "read" },
});
const refusedWith = (error: string): StubAnswer => ({ status: 400, body: { error } });

function sourceOf(urls: readonly string[], refusalsNeeded = 2) {
  let signatures = 0;
  const issuer: Issuer = {
    issuer: identity.issuer,
    tokenEndpoints: urls.map((url) => new URL("/oauth2/token", url)),
    refusalsNeeded,
  };
  const source = new TokenSource({
    identity: () => identity,
    sign: async (input) => {
      signatures++;
      return new Uint8Array(sign(null, input, privateKey));
    },
    ownIssuer: async () => issuer,
    clock: systemClock,
    timers: systemTimers,
    attemptMs: 400,
  });
  onTestFinished(() => source.clear());
  return { source, signatures: () => signatures };
}

const claimsOf = (seen: SeenRequest | undefined) => decodeJwt(seen?.form.get("client_assertion") ?? "");

describe("a token request", () => {
  it("binds assertion, request and DPoP key together", async () => {
    const server = await authServer(() => granted());
    const { source } = sourceOf([server.url]);
    const { grant, key, expiresInMs } = await source.get(wish);
    expect(grant).toMatchObject({ accessToken: "at", tokenType: "DPoP", scope: "read" });
    expect(expiresInMs).toBeGreaterThan(299_000);
    const [seen] = server.requests;
    expect(Object.fromEntries(seen?.form ?? [])).toMatchObject({
      grant_type: "client_credentials",
      client_id: identity.spiffeId,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      resource: "https://api.example",
      scope: "read",
    });
    const bound = { aud: identity.issuer, resource: wish.resource, scope: "read", cnf: { jkt: key?.jkt } };
    expect(claimsOf(seen)).toMatchObject(bound);
    const proof = await jwtVerify(seen?.dpop ?? "", EmbeddedJWK, { typ: "dpop+jwt" });
    expect(await calculateJwkThumbprint(proof.protectedHeader.jwk as JWK)).toBe(key?.jkt);
    expect(proof.payload).toMatchObject({ htm: "POST", htu: `${server.url}/oauth2/token` });
  });

  it("asks for a bearer token only when told to", async () => {
    const server = await authServer(() => granted("Bearer"));
    const { source } = sourceOf([server.url]);
    const { grant, key } = await source.get({ ...wish, dpop: false });
    expect(grant.tokenType).toBe("Bearer");
    expect(key).toBeUndefined();
    expect(server.requests[0]?.dpop).toBeUndefined();
    expect(claimsOf(server.requests[0])["cnf"]).toBeUndefined();
  });

  it("does not take a bearer token for a bound one", async () => {
    const server = await authServer(() => granted("Bearer"));
    await expect(sourceOf([server.url]).source.get(wish)).rejects.toMatchObject({
      code: "ERR_TOKEN_NOT_BOUND",
    });
  });

  it("answers use_dpop_nonce with the nonce and a fresh assertion, and keeps the nonce", async () => {
    const server = await authServer(({ dpop }) => {
      const nonce = decodeJwt(dpop ?? "")["nonce"];
      return nonce === "n1"
        ? granted()
        : { ...refusedWith("use_dpop_nonce"), headers: { "dpop-nonce": "n1" } };
    });
    const { source, signatures } = sourceOf([server.url]);
    await source.get(wish);
    expect(server.requests).toHaveLength(2);
    expect(claimsOf(server.requests[0]).jti).not.toBe(claimsOf(server.requests[1]).jti);
    await source.get({ ...wish, scope: "other" });
    expect(server.requests).toHaveLength(3);
    expect(signatures()).toBe(3);
  });

  it("gives up on a server that always wants another nonce", async () => {
    let count = 0;
    const server = await authServer(() => {
      count++;
      return { ...refusedWith("use_dpop_nonce"), headers: { "dpop-nonce": `n${count}` } };
    });
    const refused = { code: "ERR_OAUTH_USE_DPOP_NONCE" };
    await expect(sourceOf([server.url], 1).source.get(wish)).rejects.toMatchObject(refused);
    expect(count).toBe(3);
  });

  it("goes on to the next oracle when one is down, silent, broken or lying", async () => {
    const silent = await authServer(() => undefined);
    const broken = await authServer(() => ({ status: 500, body: {} }));
    const lying = await authServer(() => refusedWith("invalid_client"));
    const good = await authServer(() => granted());
    const urls = ["http://127.0.0.1:1", silent.url, broken.url, lying.url, good.url];
    const { source, signatures } = sourceOf(urls);
    expect((await source.get(wish)).grant.accessToken).toBe("at");
    expect(signatures()).toBe(5);
    await source.get({ ...wish, scope: "other" });
    expect([silent, broken, lying, good].map(({ requests }) => requests.length)).toEqual([1, 1, 2, 2]);
  });

  it("believes a refusal when enough oracles agree, and asks no further", async () => {
    const servers = await Promise.all(
      Array.from({ length: 4 }, () => authServer(() => refusedWith("invalid_scope"))),
    );
    const refused = { code: "ERR_OAUTH_INVALID_SCOPE" };
    await expect(sourceOf(servers.map(({ url }) => url)).source.get(wish)).rejects.toMatchObject(refused);
    expect(servers.map(({ requests }) => requests.length)).toEqual([1, 1, 0, 0]);
  });

  it("says that nobody could be reached", async () => {
    const refused = { code: "ERR_TOKEN_UNREACHABLE" };
    await expect(
      sourceOf(["http://127.0.0.1:1", "http://127.0.0.1:2"]).source.get(wish),
    ).rejects.toMatchObject(refused);
    await expect(sourceOf([]).source.get(wish)).rejects.toMatchObject(refused);
  });

  it("does not hammer the oracles when the signing itself is refused", async () => {
    const server = await authServer(() => granted());
    const source = new TokenSource({
      identity: () => identity,
      sign: () => Promise.reject(new Error("revoked")),
      ownIssuer: async () => ({
        issuer: identity.issuer,
        tokenEndpoints: [new URL(server.url)],
        refusalsNeeded: 2,
      }),
      clock: systemClock,
      timers: systemTimers,
    });
    await expect(source.get(wish)).rejects.toThrow("revoked");
    expect(server.requests).toHaveLength(0);
  });

  it.each([
    ["no token", { body: { token_type: "DPoP" } }],
    ["no JSON object", { body: [] as object }],
    ["a foreign type", { body: { access_token: "x", token_type: "mac" } }],
    ["no OAuth error", { status: 404, body: {} }],
  ])("refuses an answer with %s", async (_name, answer) => {
    const server = await authServer(() => answer);
    await expect(sourceOf([server.url]).source.get(wish)).rejects.toMatchObject({
      code: "ERR_TOKEN_RESPONSE",
    });
  });

  it("makes proofs for calls with the token", async () => {
    const server = await authServer(() => granted());
    const { source } = sourceOf([server.url]);
    const token = await source.get(wish);
    const target = { method: "GET", url: "https://api.example/things?page=2", nonce: "n" };
    const proof = await source.proof(token, target);
    const { payload } = await jwtVerify(proof ?? "", EmbeddedJWK, { typ: "dpop+jwt" });
    const ath = createHash("sha256").update("at").digest("base64url");
    expect(payload).toMatchObject({ htm: "GET", htu: "https://api.example/things", nonce: "n", ath });
  });
});

describe("an outside issuer", () => {
  const outside = (metadata: (url: string) => object, at = "/.well-known/oauth-authorization-server") => {
    let url = "";
    return authServer(({ path }) => {
      if (path === at) return { body: metadata(url) };
      return path === "/token" ? granted("Bearer") : { status: 404, body: {} };
    }).then((server) => {
      url = server.url;
      return server;
    });
  };
  const bearer = { resource: "https://api.example", dpop: false };

  it("is discovered (RFC 8414), once, and gets a plain assertion", async () => {
    const server = await outside((url) => ({ issuer: url, token_endpoint: `${url}/token` }));
    const { source } = sourceOf([]);
    await source.get({ ...bearer, issuer: server.url });
    await source.get({ ...bearer, issuer: server.url, scope: "more" });
    expect(server.requests.map(({ path }) => path)).toEqual([
      "/.well-known/oauth-authorization-server",
      "/token",
      "/token",
    ]);
    expect(claimsOf(server.requests[1])).toMatchObject({ aud: server.url, iss: identity.spiffeId });
    expect(claimsOf(server.requests[1])["resource"]).toBeUndefined();
  });

  it("is discovered by OpenID Connect where RFC 8414 finds nothing", async () => {
    const at = "/.well-known/openid-configuration";
    const server = await outside((url) => ({ issuer: url, token_endpoint: `${url}/token` }), at);
    await expect(sourceOf([]).source.get({ ...bearer, issuer: server.url })).resolves.toBeDefined();
  });

  it("must publish its own metadata", async () => {
    const server = await outside((url) => ({
      issuer: "https://else.example",
      token_endpoint: `${url}/token`,
    }));
    const refused = { code: "ERR_TOKEN_ISSUER" };
    await expect(sourceOf([]).source.get({ ...bearer, issuer: server.url })).rejects.toMatchObject(refused);
  });

  it.each(["http://issuer.example", "ftp://x", "nonsense", "https://user@issuer.example"])(
    "%s is no place for an assertion",
    async (issuer) => {
      await expect(sourceOf([]).source.get({ ...bearer, issuer })).rejects.toMatchObject({
        code: "ERR_TOKEN_URL",
      });
    },
  );
});
