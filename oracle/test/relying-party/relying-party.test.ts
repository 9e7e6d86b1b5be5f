import { createHash, createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toBase64Url } from "@ipse/protocol";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BILLING, INSTANCE } from "../../../protocol/test/issuer/token-world.ts";
import { fileDenyList } from "../../src/relying-party/index.ts";
import { API, call, Harness, ISSUER, ProofKey, SECRET, until } from "./harness.ts";

const ath = (token: string) => createHash("sha256").update(token).digest("base64url");

describe("a protected API", () => {
  let harness: Harness;
  let api: string;
  let bearer: string;
  const key = new ProofKey("client");
  let token: string;

  beforeAll(async () => {
    harness = await Harness.create("protected api");
    api = await harness.api();
    bearer = await harness.api({ bearer: true });
    token = harness.token(key);
  });
  afterAll(() => harness.close());

  const proof = (changes: object = {}, by = key) =>
    by.proof(harness.world, undefined, { htm: "GET", htu: `${api}/orders`, ath: ath(token), ...changes });
  const dpop = (text = proof(), access = token) => ({ authorization: `DPoP ${access}`, dpop: text });

  test("lets a bound token with its proof through", async () => {
    expect((await call(`${api}/orders?page=2`, dpop())).status).toBe(200);
  });

  test("lets an unbound token through where it takes those", async () => {
    const access = harness.token();
    expect((await call(`${bearer}/orders`, { authorization: `Bearer ${access}` })).status).toBe(200);
    const refused = await call(`${api}/orders`, { authorization: `Bearer ${access}` });
    expect([refused.status, refused.error]).toEqual([401, "invalid_token"]);
    expect(refused.challenge).toContain("DPoP");
  });

  test("asks for a nonce and takes the one it gave", async () => {
    const strict = await harness.api({ nonces: true });
    const at = { htu: `${strict}/orders` };
    const first = await call(`${strict}/orders`, dpop(proof(at)));
    expect([first.status, first.error]).toEqual([401, "use_dpop_nonce"]);
    expect((await call(`${strict}/orders`, dpop(proof({ ...at, nonce: first.nonce })))).status).toBe(200);
  });

  /** Any text as the token, with a proof for it. */
  const present = (access: string) => dpop(proof({ ath: ath(access) }), access);
  const headerOf = () =>
    JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as Record<string, unknown>;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  /** The token with other header members, under its old signature. */
  const bent = (changes: object) => {
    const [, payload, signature] = token.split(".");
    return present(`${part({ ...headerOf(), ...changes })}.${payload}.${signature}`);
  };
  const confused = async () => {
    const { keys } = (await (await fetch(`${harness.urls[0]}/oauth2/jwks`)).json()) as {
      keys: { x: string }[];
    };
    const input = `${part({ ...headerOf(), alg: "HS256" })}.${token.split(".")[1]}`;
    const secret = Buffer.from(keys[0]?.x ?? "", "base64url");
    return present(`${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`);
  };

  const attacks: [string, () => Record<string, string> | Promise<Record<string, string>>, string][] = [
    ["no token", () => ({}), "invalid_token"],
    ["a bound token as a bearer token", () => ({ authorization: `Bearer ${token}` }), "invalid_token"],
    ["no proof", () => ({ authorization: `DPoP ${token}` }), "invalid_dpop_proof"],
    ["a proof for another method", () => dpop(proof({ htm: "POST" })), "invalid_dpop_proof"],
    [
      "a proof for another URL",
      () => dpop(proof({ htu: "https://other.test/orders" })),
      "invalid_dpop_proof",
    ],
    ["a proof for another token", () => dpop(proof({ ath: ath("x") })), "invalid_dpop_proof"],
    ["a proof without ath", () => dpop(proof({ ath: undefined })), "invalid_dpop_proof"],
    ["an old proof", () => dpop(proof({ iat: harness.world.seconds - 300 })), "invalid_dpop_proof"],
    ["a proof by another key", () => dpop(proof({}, new ProofKey("thief"))), "invalid_token"],
    [
      "a token for another API",
      () => dpop(proof(), harness.token(key, { resource: BILLING })),
      "invalid_token",
    ],
    ["two tokens", () => ({ authorization: `DPoP ${token}, Bearer ${token}` }), "invalid_request"],
    [
      "a token with alg none",
      () => {
        const [, payload] = token.split(".");
        const header = toBase64Url(new TextEncoder().encode(JSON.stringify({ typ: "at+jwt", alg: "none" })));
        return dpop(proof(), `${header}.${payload}.AA`);
      },
      "invalid_token",
    ],
    ["a token with its alg confused: HS256 with the public key as the secret", confused, "invalid_token"],
    [
      "a token with a key's URL in its header",
      () => bent({ jku: "https://evil.test/jwks.json" }),
      "invalid_token",
    ],
    ["a token with an injected kid", () => bent({ kid: "../../../dev/null" }), "invalid_token"],
    ["a token of a wrong typ", () => bent({ typ: "JWT" }), "invalid_token"],
    ["a client assertion as a token", () => present(harness.world.assertion()), "invalid_token"],
    [
      "the cluster's own signed key set as a token",
      async () => present(await (await fetch(`${harness.urls[0]}/oauth2/signed-jwks`)).text()),
      "invalid_token",
    ],
    [
      "a token with another scope under the same signature",
      () => {
        const [header, payload = "", signature] = token.split(".");
        const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
        const wider = toBase64Url(new TextEncoder().encode(JSON.stringify({ ...claims, scope: "admin" })));
        return dpop(proof(), `${header}.${wider}.${signature}`);
      },
      "invalid_token",
    ],
  ];
  test.each(attacks)("refuses %s", async (_name, headers, error) => {
    const answer = await call(`${api}/orders`, await headers());
    expect(answer.error).toBe(error);
    expect(answer.challenge).toContain(`error="${error}"`);
  });

  test("refuses a proof that was used before", async () => {
    const once = proof();
    expect((await call(`${api}/orders`, dpop(once))).status).toBe(200);
    expect((await call(`${api}/orders`, dpop(once))).error).toBe("invalid_dpop_proof");
  });

  test("refuses a token under a key that the token brings along or a lying oracle serves", async () => {
    const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
    const jwk = await exportJWK(publicKey);
    const kid = await calculateJwkThumbprint(jwk);
    const [, payload = ""] = token.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
    const sign = (typ: string, body: Record<string, unknown>, header: object = {}) =>
      new SignJWT(body).setProtectedHeader({ typ, alg: "EdDSA", kid, ...header }).sign(privateKey);
    const forged = await sign("at+jwt", claims);
    const liar = await harness.listen((app) => {
      const keys = [{ ...jwk, kid, alg: "EdDSA", use: "sig" }];
      const iat = harness.world.seconds;
      app.get("/oauth2/jwks", () => ({ keys }));
      app.get("/oauth2/issuer-keys", () => ({ keys: [toBase64Url(new Uint8Array(200))] }));
      app.get("/oauth2/signed-jwks", () =>
        sign("jwk-set+jwt", { iss: ISSUER, sub: ISSUER, iat, exp: iat + 600, keys }),
      );
    });
    const fooled = await harness.api({ oracles: [liar, ...harness.urls] });
    const to = (access: string) => dpop(proof({ htu: `${fooled}/orders`, ath: ath(access) }), access);
    expect((await call(`${fooled}/orders`, to(forged))).error).toBe("invalid_token");
    expect((await call(`${fooled}/orders`, to(token))).status).toBe(200);
    const embedded = await sign("at+jwt", claims, { jwk });
    expect((await call(`${api}/orders`, dpop(proof({ ath: ath(embedded) }), embedded))).error).toBe(
      "invalid_token",
    );
  });
});

describe("revocation reaches the API without a question", () => {
  const revoke = (harness: Harness) =>
    harness.world.state(
      { kind: "instance", instance: INSTANCE, action: "revoke", release: 0, reason: "fork" },
      [1],
    );

  test("pushed, and again until the receiver takes it", async () => {
    const harness = await Harness.create("push");
    const api = await harness.api({ bearer: true, eventPath: "/events" });
    let failing = true;
    let tries = 0;
    const gate = await harness.listen((app) => {
      app.addContentTypeParser("application/secevent+jwt", { parseAs: "string" }, (_r, body, done) =>
        done(null, body),
      );
      app.post("/in", async (request, reply) => {
        tries++;
        if (failing) return reply.code(503).send();
        const answer = await fetch(`${api}/events`, {
          method: "POST",
          headers: { "content-type": "application/secevent+jwt" },
          body: String(request.body),
        });
        return reply.code(answer.status).send();
      });
    });
    harness.world.state({ kind: "receiver", url: API, deleted: false, pushUrl: `${gate}/in` });
    const headers = { authorization: `Bearer ${harness.token()}` };
    expect((await call(`${api}/orders`, headers)).status).toBe(200);
    revoke(harness);
    for (const push of harness.pushes) push.start();
    await until(() => tries > 1);
    expect((await call(`${api}/orders`, headers)).status).toBe(200);
    failing = false;
    await until(async () => (await call(`${api}/orders`, headers)).status === 401);
    await until(() =>
      harness.world.cluster.ids.every(
        (id) => harness.world.cluster.node(id)?.events.pending(9, API).length === 0,
      ),
    );
    await harness.close();
  });

  test("polled, kept across a restart of the API, acknowledged at the oracle", async () => {
    const harness = await Harness.create("poll");
    const dir = mkdtempSync(join(tmpdir(), "ipse-rp-"));
    const file = join(dir, "denied");
    const poll = { credential: SECRET, intervalMs: 20 };
    const api = await harness.api({ bearer: true, poll, denyList: fileDenyList(file) });
    const headers = { authorization: `Bearer ${harness.token()}` };
    expect((await call(`${api}/orders`, headers)).status).toBe(200);
    revoke(harness);
    await until(async () => (await call(`${api}/orders`, headers)).error === "invalid_token");
    const again = await harness.api({ bearer: true, denyList: fileDenyList(file) });
    expect((await call(`${again}/orders`, headers)).error).toBe("invalid_token");
    const node = (id: number) => harness.world.cluster.node(id);
    await until(() => harness.world.cluster.ids.every((id) => node(id)?.events.pending(9, API).length === 0));
    expect(node(1)?.events.pending(9, BILLING)).toHaveLength(1);
    await harness.close();
    rmSync(dir, { recursive: true });
  });

  test("no event is lost when all oracles restart before it is delivered", async () => {
    const harness = await Harness.create("event restart");
    const api = await harness.api({ bearer: true, eventPath: "/events" });
    const { cluster } = harness.world;
    harness.world.state({ kind: "receiver", url: API, deleted: false, pushUrl: `${api}/events` });
    const headers = { authorization: `Bearer ${harness.token()}` };
    expect((await call(`${api}/orders`, headers)).status).toBe(200);
    revoke(harness);
    for (const id of cluster.ids) cluster.crashOracle(id, 0);
    for (const id of cluster.ids) cluster.startOracle(id);
    cluster.world.settle(5_000);
    for (const id of cluster.ids) expect(cluster.node(id)?.events.pending(9, API)).toHaveLength(1);
    harness.push(2).start();
    await until(async () => (await call(`${api}/orders`, headers)).status === 401);
    await until(() => cluster.node(2)?.events.pending(9, API).length === 0);
    await harness.close();
  });

  test("events of a poller without the resource's credential are refused, and other resources' are not shown", async () => {
    const harness = await Harness.create("poll auth");
    revoke(harness);
    harness.world.cluster.world.settle(3_000);
    const post = async (id: string, secret: string) => {
      const basic = Buffer.from(`${encodeURIComponent(id)}:${secret}`).toString("base64");
      const answer = await fetch(`${harness.urls[0]}/oauth2/events`, {
        method: "POST",
        headers: { authorization: `Basic ${basic}`, "content-type": "application/json" },
        body: "{}",
      });
      return [answer.status, Object.keys(((await answer.json()) as { sets?: object }).sets ?? {}).length];
    };
    expect(await post(API, SECRET)).toEqual([200, 1]);
    expect(await post(API, toBase64Url(new Uint8Array(32)))).toEqual([401, 0]);
    await harness.close();
  });

  test("an event nobody signed, or for another receiver, changes nothing", async () => {
    const harness = await Harness.create("forged event");
    const api = await harness.api({ bearer: true, eventPath: "/events" });
    const headers = { authorization: `Bearer ${harness.token()}` };
    revoke(harness);
    const forBilling = await new Promise<string>((resolve, reject) =>
      harness.world.cluster
        .node(1)
        ?.tokens?.signRevoked(INSTANCE, BILLING, (result) =>
          "token" in result ? resolve(result.token) : reject(result),
        ),
    );
    for (const body of [forBilling, `${forBilling.slice(0, -8)}AAAAAAAA`, "x"]) {
      const answer = await fetch(`${api}/events`, {
        method: "POST",
        headers: { "content-type": "application/secevent+jwt" },
        body,
      });
      expect(answer.status).toBe(400);
    }
    expect((await call(`${api}/orders`, headers)).status).toBe(200);
    await harness.close();
  });
});

test("an expired token opens nothing", async () => {
  const harness = await Harness.create("expired at an api");
  const api = await harness.api({ bearer: true });
  const headers = { authorization: `Bearer ${harness.token()}` };
  expect((await call(`${api}/orders`, headers)).status).toBe(200);
  harness.world.cluster.world.settle(301_000);
  await until(async () => (await call(`${api}/orders`, headers)).challenge.includes("expired"));
  expect((await call(`${api}/orders`, { authorization: `Bearer ${harness.token()}` })).status).toBe(200);
  await harness.close();
});

test("oracles sign no event about an instance that is not revoked", async () => {
  const harness = await Harness.create("no event");
  const outcome = await new Promise((resolve) =>
    harness.world.cluster.node(1)?.tokens?.signRevoked(INSTANCE, API, resolve),
  );
  expect(outcome).toMatchObject({ error: "server_error" });
  await harness.close();
});
