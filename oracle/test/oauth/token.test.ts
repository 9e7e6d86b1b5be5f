import { toHex } from "@ipse/protocol";
import type { FastifyInstance } from "fastify";
import { createLocalJWKSet, decodeProtectedHeader, type JWK, jwtVerify } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  API,
  type DpopKey,
  newDpopKey,
  newInstance,
  nonceOf,
  OTHER_API,
  post,
  proof,
  SPIFFE_ID,
  tokenForm,
  World,
} from "./fixture.ts";

let world: World;
let app: FastifyInstance;
let key: DpopKey;
beforeEach(async () => {
  world = await World.create();
  app = world.app();
  key = await newDpopKey();
});
afterEach(() => app.close());

const ask = (assertion: string, more: Record<string, string> = {}, headers: Record<string, string> = {}) =>
  post(app, "/oauth2/token", tokenForm(assertion, more), headers);
const refused = (status: number, error: string, description?: RegExp) =>
  expect.objectContaining({
    status,
    body: {
      error,
      error_description: description === undefined ? expect.any(String) : expect.stringMatching(description),
    },
  });

async function bound(claims: object = {}, proofClaims: object = {}, header: object = {}) {
  const nonce = await nonceOf(app);
  const assertion = await world.assertion({ cnf: { jkt: key.jkt }, ...claims });
  return ask(assertion, {}, { dpop: await proof(world, key, { nonce, ...proofClaims }, header) });
}

describe("an access token", () => {
  it("is issued to an assertion of an active instance, as RFC 9068 says", async () => {
    const answer = await ask(await world.assertion({ scope: "orders:read", resource: API }), {
      scope: "orders:read",
      resource: API,
      client_id: SPIFFE_ID,
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { token_type: "Bearer", expires_in: 300, scope: "orders:read" },
      headers: { "cache-control": "no-store", pragma: "no-cache" },
    });
    const token = String(answer.body["access_token"]);
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: world.jwks() as JWK[] }), {
      issuer: world.issuer,
      audience: API,
      typ: "at+jwt",
      requiredClaims: ["client_id", "jti", "iat", "exp"],
    });
    expect(payload).toMatchObject({
      sub: SPIFFE_ID,
      client_id: SPIFFE_ID,
      instance: toHex(world.instance.instance),
    });
    expect(decodeProtectedHeader(token).kid).toBe(world.jwks()[0]?.kid);
  });

  it("is bound to the DPoP key the assertion names", async () => {
    const answer = await bound();
    expect(answer).toMatchObject({ status: 200, body: { token_type: "DPoP" } });
    const [, claims = ""] = String(answer.body["access_token"]).split(".");
    expect(JSON.parse(Buffer.from(claims, "base64url").toString())).toMatchObject({ cnf: { jkt: key.jkt } });
  });

  it("takes proofs for every declared URL, with Ed25519 keys too", async () => {
    expect(await bound({}, { htu: "https://o1.test.ipse/oauth2/token" })).toMatchObject({ status: 200 });
    key = await newDpopKey("Ed25519");
    expect(await bound({}, {}, { alg: "Ed25519" })).toMatchObject({ status: 200 });
  });

  it("is issued to any active instance of the workload", async () => {
    const second = await newInstance();
    world.instances.push(second);
    expect(await ask(await world.assertion({}, {}, second))).toMatchObject({ status: 200 });
    expect(await ask(await world.assertion({}, { alg: "Ed25519" }))).toMatchObject({ status: 200 });
  });

  it("is signed with Ed25519 where the oracle's key is one", async () => {
    world = await World.create("EdDSA");
    await app.close();
    app = world.app();
    const answer = await ask(await world.assertion());
    const keys = createLocalJWKSet({ keys: world.jwks() as JWK[] });
    await expect(jwtVerify(String(answer.body["access_token"]), keys)).resolves.toBeDefined();
  });
});

describe("the client assertion is refused", () => {
  it.each<[string, () => Promise<string>, RegExp]>([
    [
      "when a stranger signed it",
      async () => world.assertion({}, { kid: world.instance.kid }, await newInstance()),
      /signature/,
    ],
    ["when its kid is unknown", async () => world.assertion({}, {}, await newInstance()), /kid/],
    ["when it lives for an hour", () => world.assertion({ exp: world.seconds() + 3600 }), /60 s/],
    [
      "when it has expired",
      () => world.assertion({ iat: world.seconds() - 61, exp: world.seconds() - 1 }),
      /expired/,
    ],
    [
      "when it is from the future",
      () => world.assertion({ iat: world.seconds() + 60, exp: world.seconds() + 90 }),
      /future/,
    ],
    ["when it is for another server", () => world.assertion({ aud: "https://other.test" }), /aud/],
    [
      "when it is for the token endpoint",
      () => world.assertion({ aud: `${world.issuer}/oauth2/token` }),
      /aud/,
    ],
    [
      "when it is for two audiences",
      () => world.assertion({ aud: [world.issuer, "https://other.test"] }),
      /aud/,
    ],
    ["when it is another kind of token", () => world.assertion({}, { typ: "JWT" }), /typ/],
    [
      "when it speaks for another workload",
      () => world.assertion({ iss: "spiffe://test.ipse/a", sub: "spiffe://test.ipse/a" }),
      /iss/,
    ],
    ["when it has no jti", () => world.assertion({ jti: undefined }), /jti/],
    ["when it brings its own key", () => world.assertion({}, { jwk: world.jwks()[0] }), /Unrecognized/],
    ["when it is no JWT", async () => "a.b.c", /base64url/],
    [
      "when its signature is cut off",
      async () => `${(await world.assertion()).split(".").slice(0, 2).join(".")}.`,
      /signature/,
    ],
    [
      "when it is unsigned",
      async () => {
        const [, claims] = (await world.assertion()).split(".");
        return `${Buffer.from('{"alg":"none"}').toString("base64url")}.${claims}.AA`;
      },
      /typ/,
    ],
  ])("%s", async (_name, assertion, why) => {
    expect(await ask(await assertion())).toEqual(refused(401, "invalid_client", why));
  });

  it("when it was used before, here as well as after a restart", async () => {
    const assertion = await world.assertion();
    expect(await ask(assertion)).toMatchObject({ status: 200 });
    expect(await ask(assertion)).toEqual(refused(401, "invalid_client", /used before/));
    const again = world.app();
    expect(await post(again, "/oauth2/token", tokenForm(assertion))).toEqual(
      refused(401, "invalid_client", /used before/),
    );
    await again.close();
  });

  it("when it is raced: of many equal requests one gets a token", async () => {
    const assertion = await world.assertion();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(assertion)));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
  });

  it("when a jti is reused for another request", async () => {
    const jti = "once";
    expect(await ask(await world.assertion({ jti }))).toMatchObject({ status: 200 });
    const second = await world.assertion({ jti, scope: "orders:read" });
    expect(await ask(second, { scope: "orders:read" })).toEqual(
      refused(401, "invalid_client", /used before/),
    );
  });

  it.each(["suspect", "quarantined", "revoked", "ended"] as const)(
    "when its instance is %s",
    async (status) => {
      world.instance.status = status;
      expect(await ask(await world.assertion())).toEqual(refused(401, "invalid_client", new RegExp(status)));
      expect(world.burned.size).toBe(0);
    },
  );

  it("when its instance is revoked while the burn is being made durable", async () => {
    world.duringBurn = () => {
      world.instance.status = "revoked";
    };
    expect(await ask(await world.assertion())).toEqual(refused(401, "invalid_client", /revoked/));
  });

  it("when its workload was deleted", async () => {
    world.policy = undefined;
    expect(await ask(await world.assertion())).toEqual(refused(401, "invalid_client", /workload/));
  });

  it("when policy narrowed while the burn was being made durable", async () => {
    world.duringBurn = () => {
      if (world.policy !== undefined) world.policy.resources = [OTHER_API];
    };
    const answer = await ask(await world.assertion({ resource: API }), { resource: API });
    expect(answer).toEqual(refused(400, "invalid_target"));
  });
});

describe("the request is refused", () => {
  it.each<[string, Record<string, string>, string]>([
    ["that widens the assertion's scope", { scope: "orders:read orders:write" }, "invalid_scope"],
    ["that turns to another resource", { scope: "orders:read", resource: OTHER_API }, "invalid_target"],
    [
      "that names another client",
      { scope: "orders:read", client_id: "spiffe://test.ipse/a" },
      "invalid_client",
    ],
    ["of another grant type", { grant_type: "password" }, "unsupported_grant_type"],
    ["with a shared secret", { scope: "orders:read", client_secret: "x" }, "invalid_client"],
  ])("%s", async (_name, more, error) => {
    const answer = await ask(await world.assertion({ scope: "orders:read" }), more);
    expect(answer.body["error"]).toBe(error);
    expect(world.burned.size).toBe(0);
  });

  it("that asks for more than the workload's grants", async () => {
    const scope = "admin";
    expect(await ask(await world.assertion({ scope }), { scope })).toEqual(refused(400, "invalid_scope"));
    const resource = OTHER_API;
    expect(await ask(await world.assertion({ resource }), { resource })).toEqual(
      refused(400, "invalid_target"),
    );
  });

  it("with a parameter twice", async () => {
    const body = `${new URLSearchParams(tokenForm(await world.assertion()))}&scope=a&scope=a`;
    expect(await post(app, "/oauth2/token", body)).toEqual(refused(400, "invalid_request", /twice/));
  });

  it("in JSON", async () => {
    const answer = await post(app, "/oauth2/token", "{}", { "content-type": "application/json" });
    expect(answer).toEqual(refused(400, "invalid_request"));
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it("without a body", async () => {
    const response = await app.inject({ method: "POST", url: "/oauth2/token" });
    expect([response.statusCode, response.json()]).toEqual([
      400,
      { error: "invalid_request", error_description: expect.any(String) },
    ]);
  });

  it("of more than 32 KiB", async () => {
    expect(await post(app, "/oauth2/token", `x=${"a".repeat(40_000)}`)).toEqual(
      refused(413, "invalid_request"),
    );
  });

  it("with HTTP Basic on top", async () => {
    const answer = await ask(await world.assertion(), {}, { authorization: "Basic YTpi" });
    expect(answer).toEqual(refused(400, "invalid_request"));
  });
});

describe("the DPoP proof is refused", () => {
  const INVALID = (why?: RegExp) => refused(400, "invalid_dpop_proof", why);

  it("without a server's nonce, which comes along", async () => {
    const assertion = await world.assertion({ cnf: { jkt: key.jkt } });
    const first = await ask(assertion, {}, { dpop: await proof(world, key) });
    expect(first).toEqual(refused(400, "use_dpop_nonce"));
    expect(world.burned.size).toBe(0);
    const nonce = String(first.headers["dpop-nonce"]);
    expect(await ask(assertion, {}, { dpop: await proof(world, key, { nonce }) })).toMatchObject({
      status: 200,
    });
  });

  it("with a nonce from long ago", async () => {
    const nonce = await nonceOf(app);
    world.now += 5 * 60_000;
    expect(await bound({}, { nonce })).toEqual(refused(400, "use_dpop_nonce"));
  });

  it.each<[string, object, object, RegExp]>([
    ["for another endpoint", { htu: "https://id.test.ipse/oauth2/introspect" }, {}, /htu/],
    ["for another server", { htu: "https://evil.test/oauth2/token" }, {}, /htu/],
    ["for another method", { htm: "GET" }, {}, /htm/],
    ["made an hour ago", { iat: 1 }, {}, /iat/],
    ["under a symmetric alg", {}, { alg: "ES256", typ: "JWT" }, /typ/],
  ])("%s", async (_name, claims, header, why) => {
    expect(await bound({}, claims, header)).toEqual(INVALID(why));
    expect(world.burned.size).toBe(0);
  });

  it("when another key signed it", async () => {
    const thief = await newDpopKey();
    const nonce = await nonceOf(app);
    const forged = await proof(world, thief, { nonce }, { jwk: key.jwk });
    const assertion = await world.assertion({ cnf: { jkt: key.jkt } });
    expect(await ask(assertion, {}, { dpop: forged })).toEqual(INVALID(/signature/));
  });

  it("when its key is a point off the curve, or not a point", async () => {
    for (const y of [key.jwk.x, "A".repeat(43), key.jwk.y?.slice(1)]) {
      const nonce = await nonceOf(app);
      const dpop = await proof(world, key, { nonce }, { jwk: { ...key.jwk, y } });
      expect(await ask(await world.assertion({ cnf: { jkt: key.jkt } }), {}, { dpop })).toEqual(INVALID());
    }
  });

  it("when its key is not the one the assertion was made for", async () => {
    const thief = await newDpopKey();
    const nonce = await nonceOf(app);
    const assertion = await world.assertion({ cnf: { jkt: key.jkt } });
    const answer = await ask(assertion, {}, { dpop: await proof(world, thief, { nonce }) });
    expect(answer).toEqual(INVALID(/made for/));
  });

  it("when it was dropped to get a bearer token", async () => {
    expect(await ask(await world.assertion({ cnf: { jkt: key.jkt } }))).toEqual(INVALID(/made for/));
  });

  it("when it was added to a bearer assertion", async () => {
    expect(await bound({ cnf: undefined })).toEqual(INVALID(/made for/));
  });

  it("when it is replayed with another assertion", async () => {
    const nonce = await nonceOf(app);
    const dpop = await proof(world, key, { nonce });
    const claims = { cnf: { jkt: key.jkt } };
    expect(await ask(await world.assertion(claims), {}, { dpop })).toMatchObject({ status: 200 });
    expect(await ask(await world.assertion(claims), {}, { dpop })).toEqual(INVALID(/used before/));
  });

  it("when there are two", async () => {
    const nonce = await nonceOf(app);
    const two = [await proof(world, key, { nonce }), await proof(world, key, { nonce })].join(", ");
    const assertion = await world.assertion({ cnf: { jkt: key.jkt } });
    expect(await ask(assertion, {}, { dpop: two })).toEqual(INVALID());
  });
});

describe("rates", () => {
  it("bound one address, with 429 and Retry-After", async () => {
    const tight = world.app({ rates: { perAddress: 1, perClient: 1000 } });
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++) statuses.push((await post(tight, "/oauth2/token", {})).status);
    expect(statuses.filter((status) => status === 400)).toHaveLength(5);
    const answer = await post(tight, "/oauth2/token", {});
    expect(answer).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    await tight.close();
  });

  it("bound the tokens one client may end: over it none is ended, and the client hears so", async () => {
    const open = world.app({ rates: { perAddress: 1000, perClient: 1000 } });
    const token = async (): Promise<string> =>
      String((await post(open, "/oauth2/token", tokenForm(await world.assertion()))).body["access_token"]);
    const end = async (which: string) =>
      post(open, "/oauth2/revoke", { ...tokenForm(await world.assertion()), token: which });
    const [first, second] = [await token(), await token()];
    const statuses: number[] = [];
    for (let i = 0; i < 30; i++) statuses.push((await end(first)).status);
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(200));
    expect(await end(second)).toMatchObject({
      status: 429,
      headers: { "retry-after": "1" },
      body: { error: "temporarily_unavailable" },
    });
    expect(world.ended.size).toBe(1);
    expect((await end("no token at all")).status).toBe(200);
    await open.close();
  });

  it("bound one client, and cannot be used up by who cannot sign for it", async () => {
    const tight = world.app({ rates: { perAddress: 1000, perClient: 1 } });
    const forged = await world.assertion({}, { kid: world.instance.kid }, await newInstance());
    for (let i = 0; i < 20; i++) await post(tight, "/oauth2/token", tokenForm(forged));
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++)
      statuses.push((await post(tight, "/oauth2/token", tokenForm(await world.assertion()))).status);
    expect(statuses.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
    expect(statuses.at(-1)).toBe(429);
    await tight.close();
  });
});
