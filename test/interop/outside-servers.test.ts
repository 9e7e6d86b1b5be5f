import { createHash, sign } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { equalBytes, IpseError } from "@ipse/protocol";
import { jwkThumbprint } from "@ipse/protocol/oauth";
import { TokenSource } from "@ipse/workload-agent/tokens";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
// @ts-expect-error it brings no types
import Provider from "oidc-provider";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { newInstance, SPIFFE_ID, type TestInstance, World } from "../../oracle/test/oauth/fixture.ts";

const OUTSIDE_API = "https://outside.test/";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const STS_AUDIENCE = "https://sts.test/pool";
/** How long oidc-provider keeps a client's keys. */
const CACHE_MS = 60_000;

let world: World;
let ours: string;
const closers: (() => Promise<unknown> | unknown)[] = [];

async function listen(app: ReturnType<World["app"]>): Promise<string> {
  await app.listen({ host: "127.0.0.1", port: 0 });
  closers.push(() => app.close());
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
}

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  world = await World.create("ES256");
  world.policy = { ...(world.policy ?? fail()), resources: [STS_AUDIENCE], scopes: [] };
  const app = world.app({ declaredUrls: [], nowMs: () => Date.now() });
  ours = await listen(app);
  // The issuer names the port, which is known only once the server listens; the routes look it up each time.
  Object.assign(world, { issuer: ours });
});
afterEach(async () => {
  vi.useRealTimers();
  for (const close of closers.splice(0)) await close();
});

function fail(): never {
  throw new Error("no policy");
}

/** An agent of one instance; its pauses pass at once and move the clock on. */
function agentOf(instance: TestInstance, onPause = () => {}) {
  const pauses: number[] = [];
  let assertions = 0;
  const source = new TokenSource({
    identity: () => ({ spiffeId: SPIFFE_ID, kid: instance.kid, issuer: ours }),
    sign: (input) => {
      assertions++;
      if (instance.status !== "active")
        throw new IpseError("ERR_INSTANCE_REVOKED", "the instance is revoked");
      return Promise.resolve(new Uint8Array(sign(null, input, instance.privateKey as never)));
    },
    ownIssuer: () =>
      Promise.resolve({
        issuer: ours,
        tokenEndpoints: [new URL("/oauth2/token", ours)],
        refusalsNeeded: 1,
      }),
    clock: { nowMs: () => Date.now(), monotonicMs: () => Date.now() },
    timers: {
      after: (ms, fire) => {
        // What renews tokens is no pause.
        if (ms > 10_000) return () => undefined;
        pauses.push(ms);
        onPause();
        vi.setSystemTime(Date.now() + ms);
        queueMicrotask(fire);
        return () => undefined;
      },
    },
  });
  return { source, pauses, assertions: () => assertions };
}

async function signerOf(instance: TestInstance): Promise<TestInstance> {
  const { KeyObject } = await import("node:crypto");
  return { ...instance, privateKey: KeyObject.from(instance.privateKey as never) as never };
}

/** A real oidc-provider with one client: the workload, by its SPIFFE ID and its jwks_uri. */
async function outsideServer(): Promise<string> {
  let handler: RequestListener = () => undefined;
  const issuer = await serve((request, response) => handler(request, response));
  const [, path = ""] = SPIFFE_ID.split("spiffe://");
  const configuration = {
    clients: [
      {
        client_id: SPIFFE_ID,
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "EdDSA",
        jwks_uri: `${ours}/workloads/${path}/jwks.json`,
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: "read",
          audience: OUTSIDE_API,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    // Its own dispatcher refuses loopback addresses.
    fetch: (url: URL, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown }) =>
      fetch(url, options),
    enabledJWA: { clientAuthSigningAlgValues: ["EdDSA", "Ed25519"] },
  };
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const info = vi.spyOn(console, "info").mockImplementation(() => undefined);
  const provider = new Provider(issuer, configuration);
  closers.push(() => {
    warn.mockRestore();
    info.mockRestore();
  });
  handler = provider.callback();
  return issuer;
}

const wish = (issuer: string) => ({ issuer, resource: OUTSIDE_API, scope: "read", dpop: true });

describe("oidc-provider, unmodified", () => {
  test("gives a DPoP-bound token for a threshold-signed assertion, with its nonces", async () => {
    const issuer = await outsideServer();
    const { source } = agentOf(await signerOf(world.instance));
    const { grant, key } = await source.get(wish(issuer));
    expect(grant.tokenType).toBe("DPoP");
    const jwks = createRemoteJWKSet(new URL("/jwks", issuer));
    const options = { issuer, audience: OUTSIDE_API, typ: "at+jwt" };
    const { payload } = await jwtVerify(grant.accessToken, jwks, options);
    expect(payload).toMatchObject({ client_id: SPIFFE_ID, scope: "read", cnf: { jkt: key?.jkt } });
  });

  test("a new instance is let in once the server's copy of the keys is new", async () => {
    const issuer = await outsideServer();
    await agentOf(await signerOf(world.instance)).source.get(wish(issuer));
    const second = await newInstance();
    world.instances.push(second);
    const late = agentOf(await signerOf(second));
    const { grant } = await late.source.get(wish(issuer));
    expect(grant.tokenType).toBe("DPoP");
    const waited = late.pauses.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThan(0);
    expect(waited).toBeLessThanOrEqual(CACHE_MS + 8_000);
    expect(late.assertions()).toBeGreaterThan(late.pauses.length);
  });

  test("a revoked instance's key is gone once the server looks at the keys again", async () => {
    const issuer = await outsideServer();
    const revoked = await signerOf(world.instance);
    await agentOf(revoked).source.get(wish(issuer));
    world.instance.status = "revoked";
    const served = await fetch(`${ours}/workloads/${SPIFFE_ID.slice("spiffe://".length)}/jwks.json`);
    expect(await served.json()).toEqual({ keys: [] });
    // This server looks again when its copy is old AND a key is missing: here for an instance it does not know.
    vi.setSystemTime(Date.now() + CACHE_MS + 1_000);
    const stranger = agentOf(await signerOf(await newInstance())).source.get(wish(issuer));
    await expect(stranger).rejects.toMatchObject({ code: "ERR_OAUTH_INVALID_CLIENT" });
    // Until then it would have taken the key; that nobody can sign with it any more is what counts.
    const refused = agentOf({ ...revoked, status: "active" }).source.get(wish(issuer));
    await expect(refused).rejects.toMatchObject({ code: "ERR_OAUTH_INVALID_CLIENT" });
  });

  test("an instance that is revoked while it waits for the server asks no more", async () => {
    const issuer = await outsideServer();
    await agentOf(await signerOf(world.instance)).source.get(wish(issuer));
    const second = await newInstance();
    const signer = await signerOf(second);
    const late = agentOf(signer, () => {
      (signer as { status: string }).status = "revoked";
    });
    await expect(late.source.get(wish(issuer))).rejects.toMatchObject({ code: "ERR_INSTANCE_REVOKED" });
    expect(late.pauses).toHaveLength(1);
  });
});

/** A small token service as clouds have them: it trusts an issuer by its discovery document, and takes ES256 alone. */
async function tokenService(): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const answered = await fetch(`${ours}/.well-known/openid-configuration`);
  const discovery = (await answered.json()) as { issuer: string; jwks_uri: string };
  const keys = createRemoteJWKSet(new URL(discovery.jwks_uri));
  const answer = async (body: string): Promise<[number, object]> => {
    const subject = new URLSearchParams(body).get("subject_token") ?? "";
    try {
      const options = { issuer: discovery.issuer, audience: STS_AUDIENCE, algorithms: ["ES256"] };
      const { payload } = await jwtVerify(subject, keys, options);
      seen.push(String(payload.sub));
      const access_token = createHash("sha256").update(subject).digest("hex");
      return [200, { access_token, issued_token_type: ACCESS_TOKEN, token_type: "Bearer", expires_in: 3600 }];
    } catch {
      return [400, { error: "invalid_grant", error_description: "the subject token is refused" }];
    }
  };
  const base = await serve((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => {
      void answer(body).then(([status, json]) =>
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json)),
      );
    });
  });
  return { url: `${base}/v1/token`, seen };
}

describe("a token service that trusts the discovery document (ES256)", () => {
  test("exchanges a token of ours for its own (RFC 8693)", async () => {
    const { url, seen } = await tokenService();
    const { source } = agentOf(await signerOf(world.instance));
    const exchange = { url, audience: STS_AUDIENCE };
    const { grant, key } = await source.get({ resource: "https://storage.test/", dpop: true, exchange });
    expect([grant.tokenType, key, grant.lifetimeMs]).toEqual(["Bearer", undefined, 3_600_000]);
    expect(seen).toEqual([SPIFFE_ID]);
  });

  test("refuses a token for somebody else, and the agent says so", async () => {
    const { url } = await tokenService();
    world.policy = { ...(world.policy ?? fail()), resources: [STS_AUDIENCE, "https://other.test/"] };
    const { source } = agentOf(await signerOf(world.instance));
    const exchange = { url, audience: "https://other.test/" };
    const asked = source.get({ resource: "https://storage.test/", dpop: true, exchange });
    await expect(asked).rejects.toMatchObject({ code: "ERR_OAUTH_INVALID_GRANT" });
  });

  test("the token we bring names the service alone", async () => {
    const { source } = agentOf(await signerOf(world.instance));
    const { grant } = await source.get({ resource: STS_AUDIENCE, dpop: false });
    expect(decodeJwt(grant.accessToken)).toMatchObject({ aud: STS_AUDIENCE, iss: ours, sub: SPIFFE_ID });
  });
});

test("the served keys of a workload are its active instances' alone", async () => {
  const second = await newInstance();
  world.instances.push(second);
  const url = `${ours}/workloads/${SPIFFE_ID.slice("spiffe://".length)}/jwks.json`;
  const kids = async () =>
    ((await (await fetch(url)).json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid).sort();
  expect(await kids()).toEqual([world.instance.kid, second.kid].sort());
  second.status = "quarantined";
  expect(await kids()).toEqual([world.instance.kid]);
  expect(equalBytes(second.identityKey, world.instance.identityKey)).toBe(false);
  expect(
    jwkThumbprint({ kty: "OKP", crv: "Ed25519", x: Buffer.from(second.identityKey).toString("base64url") }),
  ).toBe(second.kid);
});
