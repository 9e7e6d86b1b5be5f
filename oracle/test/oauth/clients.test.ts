import type { AddressInfo } from "node:net";
import { type FastifyInstance, fastify } from "fastify";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { oauthRoutes } from "../../src/oauth/index.ts";
import { API, SECRET, SPIFFE_ID, World } from "./fixture.ts";

/** Real clients against a listening server: what they need, they find by discovery. */
let world: World;
let app: FastifyInstance;
let issuer: string;

beforeEach(async () => {
  world = await World.create();
  app = fastify({ routerOptions: { maxParamLength: 2100 } });
  // The issuer names the port, which is known only once the server listens.
  const deps = Object.assign(Object.create(world) as World & { issuer: string }, {
    issuer: "",
    declaredUrls: [],
  });
  app.register(oauthRoutes, deps);
  await app.listen({ host: "127.0.0.1", port: 0 });
  issuer = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  deps.issuer = issuer;
});
afterEach(() => app.close());

const ed25519 = () => ({ key: world.instance.privateKey, kid: world.instance.kid });

/** What a workload's agent puts into an assertion beyond what libraries do. */
function bind(more: object) {
  return (header: Record<string, unknown>, payload: Record<string, unknown>) => {
    header["typ"] = "client-authentication+jwt";
    payload["exp"] = Number(payload["iat"]) + 60;
    Object.assign(payload, more);
  };
}

describe("oauth4webapi", () => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const discover = async () => {
    const url = new URL(issuer);
    const response = await oauth.discoveryRequest(url, { ...insecure, algorithm: "oauth2" });
    return oauth.processDiscoveryResponse(url, response);
  };

  it("gets a DPoP-bound token after one round of use_dpop_nonce, and introspects it", async () => {
    const server = await discover();
    const client: oauth.Client = { client_id: SPIFFE_ID };
    const keys = await oauth.generateKeyPair("ES256");
    const DPoP = oauth.DPoP(client, keys);
    const modify = bind({
      cnf: { jkt: await DPoP.calculateThumbprint() },
      scope: "orders:read",
      resource: API,
    });
    const auth = oauth.PrivateKeyJwt(ed25519(), { [oauth.modifyAssertion]: modify });
    const form = new URLSearchParams({ scope: "orders:read", resource: API });
    const request = () =>
      oauth.clientCredentialsGrantRequest(server, client, auth, form, { ...insecure, DPoP });
    const process = async () => oauth.processClientCredentialsResponse(server, client, await request());
    const first = await process().catch((error: unknown) => error);
    expect(oauth.isDPoPNonceError(first)).toBe(true);
    const token = await process();
    expect(token).toMatchObject({ token_type: "dpop", expires_in: 300, scope: "orders:read" });

    const resource: oauth.Client = { client_id: API };
    const answer = await oauth.introspectionRequest(
      server,
      resource,
      oauth.ClientSecretBasic(SECRET),
      token.access_token,
      insecure,
    );
    const introspection = await oauth.processIntrospectionResponse(server, resource, answer);
    expect(introspection).toMatchObject({ active: true, sub: SPIFFE_ID, token_type: "DPoP" });
  });

  it("ends a token, which introspection then calls inactive", async () => {
    const server = await discover();
    const client: oauth.Client = { client_id: SPIFFE_ID };
    const bound = oauth.PrivateKeyJwt(ed25519(), { [oauth.modifyAssertion]: bind({ resource: API }) });
    const form = new URLSearchParams({ resource: API });
    const granted = await oauth.clientCredentialsGrantRequest(server, client, bound, form, insecure);
    const token = await oauth.processClientCredentialsResponse(server, client, granted);
    const plain = () => oauth.PrivateKeyJwt(ed25519(), { [oauth.modifyAssertion]: bind({}) });
    const resource: oauth.Client = { client_id: API };
    const active = async () => {
      const auth = oauth.ClientSecretBasic(SECRET);
      const answer = await oauth.introspectionRequest(server, resource, auth, token.access_token, insecure);
      return (await oauth.processIntrospectionResponse(server, resource, answer)).active;
    };
    expect(await active()).toBe(true);
    const answer = await oauth.revocationRequest(server, client, plain(), token.access_token, insecure);
    await oauth.processRevocationResponse(answer);
    expect(await active()).toBe(false);
    const unknown = await oauth.revocationRequest(server, client, plain(), "no token", insecure);
    await oauth.processRevocationResponse(unknown);
  });

  it("validates the token as a resource server would (RFC 9068 with DPoP)", async () => {
    const server = await discover();
    const client: oauth.Client = { client_id: SPIFFE_ID };
    const keys = await oauth.generateKeyPair("ES256");
    const DPoP = oauth.DPoP(client, keys);
    const modify = bind({ cnf: { jkt: await DPoP.calculateThumbprint() } });
    const auth = oauth.PrivateKeyJwt(ed25519(), { [oauth.modifyAssertion]: modify });
    const ask = () =>
      oauth.clientCredentialsGrantRequest(server, client, auth, new URLSearchParams(), { ...insecure, DPoP });
    await ask();
    const response = await oauth.processClientCredentialsResponse(server, client, await ask());
    let seen: Request | undefined;
    await oauth.protectedResourceRequest(
      response.access_token,
      "GET",
      new URL("http://orders.test/list"),
      undefined,
      undefined,
      {
        ...insecure,
        DPoP,
        [oauth.customFetch]: async (url: string, init: RequestInit) => {
          seen = new Request(url, init);
          return new Response();
        },
      } as never,
    );
    if (seen === undefined) throw new Error("no request");
    const claims = await oauth.validateJwtAccessToken(server, seen, API, { ...insecure, requireDPoP: true });
    expect(claims).toMatchObject({ iss: issuer, sub: SPIFFE_ID, aud: API });
  });

  it("is told by an error it understands when the instance is revoked", async () => {
    const server = await discover();
    world.instance.status = "revoked";
    const client: oauth.Client = { client_id: SPIFFE_ID };
    const auth = oauth.PrivateKeyJwt(ed25519(), { [oauth.modifyAssertion]: bind({}) });
    const response = await oauth.clientCredentialsGrantRequest(server, client, auth, {}, insecure);
    const refusal = oauth.processClientCredentialsResponse(server, client, response);
    await expect(refusal).rejects.toMatchObject({ error: "invalid_client", status: 401 });
  });
});

describe("openid-client", () => {
  const discover = (more: object) =>
    openid.discovery(
      new URL(issuer),
      SPIFFE_ID,
      undefined,
      openid.PrivateKeyJwt(ed25519(), { [openid.modifyAssertion]: bind(more) }),
      { execute: [openid.allowInsecureRequests] },
    );

  it("gets a DPoP-bound token; it answers use_dpop_nonce by itself", async () => {
    const keys = await openid.randomDPoPKeyPair();
    const more: { cnf?: object } = {};
    const config = await discover(more);
    const DPoP = openid.getDPoPHandle(config, keys);
    more.cnf = { jkt: await DPoP.calculateThumbprint() };
    const token = await openid
      .clientCredentialsGrant(config, { resource: API }, { DPoP })
      .catch((error: unknown) => error);
    // The assertion names the resource too, or the request is another one than it was made for.
    expect(token).toMatchObject({ error: "invalid_target" });
    Object.assign(more, { resource: API });
    const second = await openid.clientCredentialsGrant(config, { resource: API }, { DPoP });
    expect(second).toMatchObject({ token_type: "dpop", expires_in: 300 });
  });

  it("gets a bearer token where the assertion allows one", async () => {
    const config = await discover({});
    const token = await openid.clientCredentialsGrant(config);
    expect(token).toMatchObject({ token_type: "bearer", scope: "orders:read orders:write" });
  });

  it("introspects as a resource and ends the token as its client", async () => {
    const config = await discover({});
    const token = await openid.clientCredentialsGrant(config);
    const basic = openid.ClientSecretBasic(SECRET);
    const resource = await openid.discovery(new URL(issuer), API, undefined, basic, {
      execute: [openid.allowInsecureRequests],
    });
    const active = async () => (await openid.tokenIntrospection(resource, token.access_token)).active;
    expect(await active()).toBe(true);
    await openid.tokenRevocation(config, token.access_token);
    expect(await active()).toBe(false);
  });
});
