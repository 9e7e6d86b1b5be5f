import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addressKey } from "../../src/oauth/rate-limit.ts";
import { newInstance, World } from "./fixture.ts";

let world: World;
let app: FastifyInstance;
beforeEach(async () => {
  world = await World.create();
  app = world.app();
});
afterEach(() => app.close());
const get = async (url: string) => {
  const response = await app.inject({ method: "GET", url });
  return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
};

describe("discovery", () => {
  it("has metadata for OAuth and OpenID clients that agree", async () => {
    const oauth = await get("/.well-known/oauth-authorization-server");
    const openid = await get("/.well-known/openid-configuration");
    expect(oauth.body).toMatchObject({
      issuer: world.issuer,
      token_endpoint: `${world.issuer}/oauth2/token`,
    });
    expect(openid.body).toMatchObject(oauth.body);
    expect(openid.body["id_token_signing_alg_values_supported"]).toEqual(["ES256"]);
  });

  it("announces only routes that exist", async () => {
    const { body } = await get("/.well-known/oauth-authorization-server");
    for (const [name, url] of Object.entries(body)) {
      if (!name.endsWith("_endpoint") && name !== "jwks_uri") continue;
      const path = String(url).slice(world.issuer.length);
      const exists = app.hasRoute({ method: name === "jwks_uri" ? "GET" : "POST", url: path });
      expect(exists, name).toBe(true);
    }
    expect.hasAssertions();
  });

  it("describes every route it serves", async () => {
    const { body } = await get("/openapi.json");
    expect(body["openapi"]).toBe("3.1.0");
    for (const [path, methods] of Object.entries(body["paths"] as Record<string, object>)) {
      const url = path.startsWith("/workloads/") ? "/workloads/*" : path;
      const method = "post" in methods ? "POST" : "GET";
      expect(app.hasRoute({ method, url }), path).toBe(true);
    }
  });

  it("has every oracle's public token keys and no private part", async () => {
    const { body } = await get("/oauth2/jwks");
    expect(body).toEqual({ keys: world.jwks() });
    expect(JSON.stringify(body)).not.toContain('"d"');
  });
});

describe("a workload's keys", () => {
  const url = "/workloads/test.ipse/prod/api/jwks.json";

  it("are those of its active instances", async () => {
    const second = await newInstance();
    world.instances.push(second);
    const { body } = await get(url);
    const kids = (body["keys"] as { kid: string }[]).map((one) => one.kid);
    expect(kids).toEqual([world.instance.kid, second.kid]);
    world.instance.status = "revoked";
    expect((await get(url)).body["keys"]).toEqual([
      { kty: "OKP", crv: "Ed25519", use: "sig", kid: second.kid, x: expect.any(String) },
    ]);
  });

  it.each([
    "/workloads/test.ipse/prod/other/jwks.json",
    "/workloads/test.ipse/prod/api",
    "/workloads/test.ipse/prod/%2e%2e/api/jwks.json",
    "/workloads/test.ipse//prod/api/jwks.json",
    "/workloads/jwks.json",
    `/workloads/test.ipse/${"a".repeat(1500)}/jwks.json`,
  ])("are not found at %s", async (path) => {
    const { status, body } = await get(path);
    expect([status, body["status"] ?? body["statusCode"]]).toEqual([404, 404]);
  });
});

describe("one address", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8:1:2::9", "2001:db8:1:2"],
    ["2001:db8::9", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
  ])("of %s is %s", (ip, key) => {
    expect(addressKey(ip)).toBe(key);
  });
});
