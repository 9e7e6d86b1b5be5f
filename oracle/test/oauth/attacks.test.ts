import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { identityKidText } from "@ipse/protocol/oauth";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { API, BILLING, INSTANCE, ISSUER, identityKey } from "../../../protocol/test/issuer/token-world.ts";
import { SPIFFE_ID } from "../../../protocol/test/session/world/cast.ts";
import { createHttp, listen } from "../../src/http/create-http.ts";
import { oauthRoutes } from "../../src/oauth/index.ts";
import { Harness, ProofKey, SECRET, until } from "../relying-party/harness.ts";
import { limits } from "../support/listener.ts";
import { World } from "./fixture.ts";

/** Attacks on the token endpoint of oracles that sign together, over HTTP; `protocol/test/issuer` has those from inside. */
let harness: Harness;
beforeAll(async () => {
  harness = await Harness.create("attacks over http");
});
afterAll(() => harness.close());

interface Answer {
  readonly status: number;
  readonly error: unknown;
  readonly description: string;
}

const named = { scope: "read", resource: API };
const TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const formOf = (assertion: string, more: Record<string, string> = {}): Record<string, string> => ({
  ...{ grant_type: "client_credentials", client_assertion_type: TYPE, client_assertion: assertion },
  ...{ ...named, ...more },
});

async function ask(
  body: Record<string, string> | string,
  headers: Record<string, string> = {},
  at = harness.urls[0],
): Promise<Answer> {
  const form = { "content-type": "application/x-www-form-urlencoded", ...headers };
  const answer = await fetch(`${at}/oauth2/token`, {
    method: "POST",
    headers: form,
    body: typeof body === "string" ? body : new URLSearchParams(body).toString(),
  });
  const json = (await answer.json()) as { error?: unknown; error_description?: string };
  expect(answer.headers.get("cache-control")).toBe("no-store");
  return { status: answer.status, error: json.error ?? "token", description: json.error_description ?? "" };
}
const word = async (...asked: Parameters<typeof ask>): Promise<unknown> => (await ask(...asked)).error;

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const good = (claims: object = {}, header: object = {}) => harness.world.assertion(claims, header);
/** The same claims under another header, with what signature one likes. */
function reheaded(header: object, signature: (input: string) => string): string {
  const [, claims] = good().split(".");
  const input = `${part(header)}.${claims}`;
  return `${input}.${signature(input)}`;
}
const kid = identityKidText(identityKey);
const typ = "client-authentication+jwt";
const hmac = (key: Uint8Array | string) => (input: string) =>
  createHmac("sha256", key).update(input).digest("base64url");
const own = (header: object): string => reheaded({ typ, alg: "EdDSA", kid, ...header }, () => "AA");

describe("a forged or bent client assertion is refused:", () => {
  const attacks: [string, () => string][] = [
    ["alg none", () => reheaded({ typ, alg: "none", kid }, () => "")],
    ["alg none, with a signature", () => reheaded({ typ, alg: "nOnE", kid }, () => "AA")],
    [
      "alg confusion: HS256 with the public key as the secret",
      () => reheaded({ typ, alg: "HS256", kid }, hmac(identityKey)),
    ],
    [
      "alg confusion: HS256 with the JWK as the secret",
      () => reheaded({ typ, alg: "HS256", kid }, hmac(JSON.stringify({ kid }))),
    ],
    ["alg confusion: another algorithm's name on a true signature", () => good({}, { alg: "ES256" })],
    ["kid injection: a path", () => good({}, { kid: "../../../../dev/null" })],
    ["kid injection: a query", () => good({}, { kid: `${kid}' OR '1'='1` })],
    ["kid injection: a URL", () => good({}, { kid: "https://evil.test/key" })],
    ["kid injection: a list", () => good({}, { kid: [kid] })],
    ["kid injection: nobody's", () => good({}, { kid: "A".repeat(43) })],
    ["kid injection: none", () => good({}, { kid: undefined })],
    ["jwk in the header", () => good({}, { jwk: new ProofKey("thief").jwk })],
    ["jku in the header", () => good({}, { jku: "https://evil.test/jwks.json" })],
    ["x5u in the header", () => good({}, { x5u: "https://evil.test/chain.pem" })],
    ["x5c in the header", () => good({}, { x5c: ["AA=="] })],
    ["crit in the header", () => good({}, { crit: ["exp"] })],
    ["wrong typ: JWT", () => good({}, { typ: "JWT" })],
    ["wrong typ: an access token's", () => good({}, { typ: "at+jwt" })],
    ["wrong typ: none", () => good({}, { typ: undefined })],
    ["aud is an array", () => good({ aud: [ISSUER] })],
    ["aud is an array with another server in it", () => good({ aud: [ISSUER, "https://evil.test"] })],
    ["aud is the endpoint's URL", () => good({ aud: `${ISSUER}/oauth2/token` })],
    ["aud is another server", () => good({ aud: "https://evil.test" })],
    ["expired", () => good({ iat: harness.world.seconds - 120, exp: harness.world.seconds - 60 })],
    ["future", () => good({ iat: harness.world.seconds + 60, exp: harness.world.seconds + 110 })],
    ["lives for an hour", () => good({ exp: harness.world.seconds + 3600 })],
    ["no jti", () => good({ jti: undefined })],
    ["another workload's name", () => good({ iss: `${SPIFFE_ID}/x`, sub: `${SPIFFE_ID}/x` })],
    ["signed by nobody", () => own({})],
  ];
  test.each(attacks)("%s", async (_name, assertion) => {
    const answer = await ask(formOf(assertion()));
    expect([answer.status, answer.error]).toEqual([401, "invalid_client"]);
  });

  test("and the true one is not", async () => {
    expect(await word(formOf(good(named)))).toBe("token");
  });
});

describe("a reused jti is refused:", () => {
  test("at the same oracle, at another, and in another assertion", async () => {
    const assertion = good(named);
    expect(await word(formOf(assertion))).toBe("token");
    expect(await word(formOf(assertion))).toBe("invalid_client");
    expect(await word(formOf(assertion), {}, harness.urls[2])).toBe("invalid_client");
    expect(await word(formOf(good({ ...named, jti: "one" })))).toBe("token");
    expect(await word(formOf(good({ ...named, jti: "one" })), {}, harness.urls[3])).toBe("invalid_client");
  });

  test("shown to all oracles at once, many times: at most one token", async () => {
    const assertion = good(named);
    const twenty = Array.from({ length: 20 }, (_, i) => word(formOf(assertion), {}, harness.urls[i % 4]));
    const answers = await Promise.all(twenty);
    expect(answers.filter((one) => one === "token").length).toBeLessThanOrEqual(1);
  });
});

describe("a DPoP proof is refused:", () => {
  const key = new ProofKey("victim");
  const nonce = () => harness.world.cluster.node(1)?.dpopNonces.current();
  const bound = (changes: object = {}, by = key, at = harness.urls[0]) =>
    ask(
      formOf(good({ ...named, cnf: { jkt: key.jkt } })),
      { dpop: by.proof(harness.world, nonce(), changes) },
      at,
    );

  test("reused, at the same oracle and at another", async () => {
    const dpop = key.proof(harness.world, nonce());
    const again = (at?: string) => word(formOf(good({ ...named, cnf: { jkt: key.jkt } })), { dpop }, at);
    expect(await again()).toBe("token");
    expect([await again(), await again(harness.urls[3])]).toEqual([
      "invalid_dpop_proof",
      "invalid_dpop_proof",
    ]);
  });

  const wrong: [string, object][] = [
    ["wrong htu: another server", { htu: "https://evil.test/oauth2/token" }],
    ["wrong htu: another endpoint", { htu: `${ISSUER}/oauth2/introspect` }],
    ["wrong htm", { htm: "GET" }],
    ["made long ago", { iat: 1 }],
  ];
  test.each(wrong)("%s", async (_name, changes) => {
    expect(await bound(changes)).toMatchObject({ status: 400, error: "invalid_dpop_proof" });
  });

  test("by another key, left out, or without a nonce of the cluster", async () => {
    expect((await bound({}, new ProofKey("thief"))).error).toBe("invalid_dpop_proof");
    expect(await word(formOf(good({ ...named, cnf: { jkt: key.jkt } })))).toBe("invalid_dpop_proof");
    expect((await bound({ nonce: "of my own" })).error).toBe("use_dpop_nonce");
  });
});

describe("scope and resource are refused:", () => {
  const attacks: [string, () => Record<string, string>, string][] = [
    [
      "scope outside the policy",
      () => formOf(good({ ...named, scope: "admin" }), { scope: "admin" }),
      "invalid_scope",
    ],
    ["scope other than the assertion names", () => formOf(good(named), { scope: "write" }), "invalid_scope"],
    [
      "scope wider than the assertion names",
      () => formOf(good(named), { scope: "read write" }),
      "invalid_scope",
    ],
    [
      "resource outside the policy",
      () => formOf(good({ ...named, resource: "https://evil.test/" }), { resource: "https://evil.test/" }),
      "invalid_target",
    ],
    [
      "resource other than the assertion names",
      () => formOf(good(named), { resource: BILLING }),
      "invalid_target",
    ],
    [
      "another client's name beside it",
      () => formOf(good(named), { client_id: `${SPIFFE_ID}/x` }),
      "invalid_client",
    ],
  ];
  test.each(attacks)("%s", async (_name, form, error) => {
    expect(await word(form())).toBe(error);
  });
});

describe("a bent request is refused:", () => {
  test.each([
    "grant_type",
    "client_assertion_type",
    "client_assertion",
    "scope",
    "resource",
    "client_id",
    "unknown",
  ])("the parameter %s twice", async (name) => {
    const form = new URLSearchParams({ ...formOf(good(named)), client_id: SPIFFE_ID, unknown: "x" });
    form.append(name, form.get(name) ?? "");
    expect(await ask(form.toString())).toMatchObject({ status: 400, error: "invalid_request" });
  });

  test("a body over the limit", async () => {
    const form = formOf(good(named), { padding: "x".repeat(40_000) });
    expect(await ask(form)).toMatchObject({ status: 413, error: "invalid_request" });
  });

  test("a slow body: cut off after a time, and nobody else waits for it", async () => {
    const app = createHttp({ limits });
    app.register(oauthRoutes, await World.create());
    const port = await listen(app, "test", "127.0.0.1", 0);
    // Of the two, node takes the shorter one for the head.
    app.server.headersTimeout = 100;
    app.server.requestTimeout = 200;
    const slow = connect(port, "127.0.0.1").on("error", () => undefined);
    const head = "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n";
    slow.write(`${head}Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant_type=`);
    const said = text(slow);
    const trickle = setInterval(() => slow.write("x"), 100);
    expect((await fetch(`http://127.0.0.1:${port}/oauth2/jwks`)).status).toBe(200);
    const answer = await said.finally(() => clearInterval(trickle));
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    await app.close();
  });
});

test("the token of a revoked instance is refused: inactive at introspection, and no new one", async () => {
  const own = await Harness.create("revoked over http");
  const access = own.token();
  const before = own.world.assertion(named);
  const basic = Buffer.from(`${encodeURIComponent(API)}:${SECRET}`).toString("base64");
  const active = async (): Promise<unknown[]> =>
    Promise.all(
      own.urls.map(async (url) => {
        const body = new URLSearchParams({ token: access });
        const headers = { authorization: `Basic ${basic}` };
        const answer = await fetch(`${url}/oauth2/introspect`, { method: "POST", headers, body });
        return ((await answer.json()) as { active: unknown }).active;
      }),
    );
  expect(await active()).toEqual([true, true, true, true]);
  own.world.state({ kind: "instance", instance: INSTANCE, action: "revoke", release: 0, reason: "x" }, [2]);
  await until(async () => (await active()).every((one) => one === false));
  expect(await word(formOf(before), {}, own.urls[0])).toBe("invalid_client");
  expect(await word(formOf(own.world.assertion(named)), {}, own.urls[3])).toBe("invalid_client");
  await own.close();
});
