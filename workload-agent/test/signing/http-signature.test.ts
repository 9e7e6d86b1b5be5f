import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { toBase64Url } from "@ipse/protocol";
import { calculateJwkThumbprint, decodeJwt, type JWK, jwtVerify } from "jose";
import { describe, expect, it, onTestFinished } from "vitest";
import { workloadApi } from "../../src/api/index.ts";
import { DpopKey } from "../../src/tokens/index.ts";
import { type KeyAgent, keyAgent } from "../tools/key-agent.ts";
import { verifies } from "../tools/verify-signature.ts";

interface Signed {
  readonly headers: Record<string, string>;
  readonly kid: string;
  readonly jwk: JWK;
}

async function sign(agent: KeyAgent, payload: object) {
  const answer = await workloadApi(agent.service).inject({
    method: "POST",
    url: "/v1/http-signature",
    payload,
  });
  return { status: answer.statusCode, code: answer.json().code, signed: answer.json() as Signed };
}

/** An agent that also has a DPoP-bound token. */
async function agentWithToken() {
  const key = await DpopKey.generate();
  const grant = { accessToken: "at", tokenType: "DPoP", lifetimeMs: 1, scope: undefined } as const;
  const agent = keyAgent({
    token: async () => ({ grant, key, expiresInMs: 1000 }),
    proof: async (_token, target) => key.proof({ ...target, accessToken: "at" }, Date.now()),
  });
  return { ...agent, jkt: key.jkt };
}

/** A server that keeps what it received. */
async function server() {
  const seen: { message: IncomingMessage; body: Buffer }[] = [];
  const listening = createServer(async (message, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    seen.push({ message, body: Buffer.concat(chunks) });
    response.end();
  });
  await new Promise<void>((done) => listening.listen(0, "127.0.0.1", done));
  onTestFinished(() => void listening.close());
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  const send = (path: string, method: string, headers: object, body: string) =>
    new Promise<{ message: IncomingMessage; body: Buffer }>((resolve, reject) => {
      const options = { method, headers: { ...headers }, agent: false as const };
      const sent = request(`${url}${path}`, options, (response) => {
        response.resume();
        const last = seen.at(-1);
        if (last !== undefined) resolve(last);
      });
      sent.on("error", reject).end(body);
    });
  return { url, send };
}

const body = '{"amount":1}';
const wish = (url: string, more: object = {}) => ({
  method: "POST",
  url: `${url}/pay?to=b`,
  headers: { "content-type": "application/json" },
  body: toBase64Url(Buffer.from(body)),
  ...more,
});

describe("an HTTP message signature", () => {
  it("by the token's DPoP key verifies elsewhere, and covers content and token", async () => {
    const { url, send } = await server();
    const agent = await agentWithToken();
    const { signed } = await sign(agent, wish(url, { resource: "https://api.example" }));
    expect(signed.kid).toBe(agent.jkt);
    expect(agent.signed()).toBe(0);
    const headers = { "content-type": "application/json", ...signed.headers };
    const received = await send("/pay?to=b", "POST", headers, body);
    expect(await verifies(url, received.message, signed.jwk)).toEqual([
      "@method",
      "@target-uri",
      "content-type",
      "content-digest",
      "authorization",
    ]);
    const digest = createHash("sha256").update(received.body).digest("base64");
    expect(received.message.headers["content-digest"]).toBe(`sha-256=:${digest}:`);
    expect(received.message.headers.authorization).toBe("DPoP at");
    expect(decodeJwt(String(received.message.headers["dpop"]))).toMatchObject({
      htm: "POST",
      htu: `${url}/pay`,
    });
  });

  it("by the threshold key verifies under the instance's own key", async () => {
    const { url, send } = await server();
    const agent = keyAgent();
    const { signed } = await sign(agent, wish(url, { key: "threshold" }));
    expect([signed.kid, agent.signed()]).toEqual([agent.identity.kid, 1]);
    expect(signed.headers["signature-input"]).toContain(`keyid="${agent.identity.kid}"`);
    const headers = { "content-type": "application/json", ...signed.headers };
    const { message } = await send("/pay?to=b", "POST", headers, body);
    expect(await verifies(url, message, agent.identity.jwk as JWK)).toContain("content-digest");
  });

  it("by a WIMSE identity token's key follows its profile", async () => {
    const { url, send } = await server();
    const agent = keyAgent();
    const { signed } = await sign(agent, wish(url));
    const input = signed.headers["signature-input"] ?? "";
    expect(input).toContain('tag="wimse-workload-to-workload"');
    expect(input).toContain(`wimse-aud="${url}/pay"`);
    expect(input).not.toMatch(/;(keyid|alg)=/);
    const headers = { "content-type": "application/json", ...signed.headers };
    const { message } = await send("/pay?to=b", "POST", headers, body);
    const wit = String(message.headers["workload-identity-token"]);
    const { payload } = await jwtVerify(wit, agent.publicKey, {
      typ: "wit+jwt",
      subject: "spiffe://dev.ipse/a",
    });
    const { jwk } = payload["cnf"] as { jwk: JWK };
    expect(await calculateJwkThumbprint(jwk)).toBe(signed.kid);
    expect(await verifies(url, message, jwk)).toEqual([
      "@method",
      "@path",
      "@query",
      "content-type",
      "content-digest",
      "workload-identity-token",
    ]);
  });

  it.each<[string, string, string, object]>([
    ["another method", "/pay?to=b", "PUT", {}],
    ["another path", "/refund?to=b", "POST", {}],
    ["another query", "/pay?to=c", "POST", {}],
    ["another content", "/pay?to=b", "POST", { "content-digest": "sha-256=:AAAA:" }],
    ["another type", "/pay?to=b", "POST", { "content-type": "text/plain" }],
    ["another token", "/pay?to=b", "POST", { authorization: "DPoP other" }],
  ])("does not verify for %s", async (_name, path, method, change) => {
    const { url, send } = await server();
    const agent = await agentWithToken();
    const { signed } = await sign(agent, wish(url, { resource: "https://api.example" }));
    const headers = { "content-type": "application/json", ...signed.headers, ...change };
    const { message } = await send(path, method, headers, body);
    await expect(verifies(url, message, signed.jwk)).rejects.toMatchObject({ code: "VerificationFailed" });
  });

  it("covers what the agent adds, whatever the caller chose", async () => {
    const { signed } = await sign(keyAgent(), wish("https://api.example", { components: ["@method"] }));
    expect(signed.headers["signature-input"]).toContain(
      '("@method" "content-digest" "workload-identity-token")',
    );
  });

  it.each<[string, object]>([
    ["a line feed in a field", { headers: { "x-a": 'a\n"@method": GET' }, components: ["x-a"] }],
    ["a field that is absent", { components: ["x-absent"] }],
    ["a component twice", { components: ["@method", "@method"] }],
    ["a field the agent sets", { headers: { "Content-Digest": "x" } }],
    ["a field in two spellings", { headers: { "x-a": "1", "X-A": "2" } }],
    ["a URL that is not HTTP", { url: "file:///etc/passwd" }],
    ["a signature for ever", { expires_in: 86_400 }],
    ["a label that is none", { label: "a=1" }],
    ["a token and the threshold key", { key: "threshold", resource: "https://api.example" }],
  ])("is refused for %s", async (_name, more) => {
    const { status, code } = await sign(keyAgent(), { ...wish("https://api.example"), ...more });
    expect([status, code]).toEqual([400, expect.stringMatching(/^ERR_(REQUEST|HTTP_SIGNATURE)$/)]);
  });
});
