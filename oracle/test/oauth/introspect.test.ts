import { toHex } from "@ipse/protocol";
import { portableGroup } from "@ipse/protocol/group";
import type { FastifyInstance } from "fastify";
import { SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLocalSigner, generateLocalKey } from "../../src/oauth/index.ts";
import { API, basic, newInstance, OTHER_API, post, SECRET, SPIFFE_ID, tokenForm, World } from "./fixture.ts";

let world: World;
let app: FastifyInstance;
let token: string;
beforeEach(async () => {
  world = await World.create();
  app = world.app();
  const answer = await post(app, "/oauth2/token", tokenForm(await world.assertion()));
  token = String(answer.body["access_token"]);
});
afterEach(() => app.close());

const introspect = (value = token, headers: Record<string, string> = basic(API, SECRET)) =>
  post(app, "/oauth2/introspect", { token: value }, headers);
const INACTIVE = expect.objectContaining({ status: 200, body: { active: false } });

describe("introspection", () => {
  it("describes an active token to the resource it is for", async () => {
    expect(await introspect()).toMatchObject({
      status: 200,
      body: {
        active: true,
        token_type: "Bearer",
        sub: SPIFFE_ID,
        aud: API,
        scope: "orders:read orders:write",
        instance: toHex(world.instance.instance),
      },
      headers: { "cache-control": "no-store" },
    });
  });

  it("takes the credential in the form as well", async () => {
    const answer = await post(app, "/oauth2/introspect", { token, client_id: API, client_secret: SECRET });
    expect(answer.body["active"]).toBe(true);
  });

  it.each(["suspect", "quarantined", "revoked", "ended"] as const)(
    "says inactive at once when the instance is %s",
    async (status) => {
      world.instance.status = status;
      expect(await introspect()).toEqual(INACTIVE);
    },
  );

  it("says inactive when the workload was deleted, or the instance is unknown here", async () => {
    const { policy } = world;
    world.policy = undefined;
    expect(await introspect()).toEqual(INACTIVE);
    world.policy = policy;
    world.instances.splice(0, 1, await newInstance());
    expect(await introspect()).toEqual(INACTIVE);
  });

  it("says inactive once the token has expired", async () => {
    world.now += 301_000;
    expect(await introspect()).toEqual(INACTIVE);
  });

  it("tells a resource nothing about a token for another", async () => {
    expect(await introspect(token, basic(OTHER_API, SECRET))).toEqual(INACTIVE);
  });

  it("says inactive for what this cluster did not sign", async () => {
    const [header, claims, signature = ""] = token.split(".");
    const stranger = createLocalSigner(await generateLocalKey("ES256"), portableGroup.ed25519);
    const payload = JSON.parse(Buffer.from(claims ?? "", "base64url").toString()) as Record<string, unknown>;
    const forged = await new SignJWT(payload)
      .setProtectedHeader({ typ: "at+jwt", alg: "EdDSA", kid: world.tokenKeys[0]?.kid ?? "" })
      .sign(world.instance.privateKey);
    const list = [
      "garbage",
      `${header}.${claims}.${signature.replace(/^./, (c) => (c === "A" ? "B" : "A"))}`,
      `${header}.${claims}.`,
      `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url")}.${claims}.AA`,
      await stranger.sign(payload as never),
      forged,
      await world.assertion(),
    ];
    for (const value of list) expect(await introspect(value)).toEqual(INACTIVE);
  });
});

describe("the caller of introspection is refused", () => {
  const unauthorized = { status: 401, body: { error: "invalid_client" } };

  it.each<[string, Record<string, string>]>([
    ["with a wrong secret", basic(API, SECRET.replace("B", "C"))],
    ["with a secret of another form", basic(API, "password")],
    ["as a resource nobody knows", basic("https://evil.test/", SECRET)],
    ["with a bearer token", { authorization: "Bearer x" }],
    ["with Basic that has no colon", { authorization: `Basic ${Buffer.from("x").toString("base64")}` }],
  ])("%s, and told how to authenticate", async (_name, headers) => {
    const answer = await introspect(token, headers);
    expect(answer).toMatchObject({
      ...unauthorized,
      headers: { "www-authenticate": expect.stringMatching(/^Basic /) },
    });
  });

  it("without any credential", async () => {
    const answer = await introspect(token, {});
    expect(answer).toMatchObject(unauthorized);
    expect(answer.headers["www-authenticate"]).toBeUndefined();
  });

  it("with two credentials", async () => {
    const both = { token, client_id: API, client_secret: SECRET };
    const answer = await post(app, "/oauth2/introspect", both, basic(API, SECRET));
    expect(answer).toMatchObject({ status: 400, body: { error: "invalid_request" } });
  });

  it("without a token", async () => {
    const answer = await post(app, "/oauth2/introspect", {}, basic(API, SECRET));
    expect(answer).toMatchObject({ status: 400, body: { error: "invalid_request" } });
  });
});
