import { IpseError, MESSAGE_BYTES_MAX, toBase64Url } from "@ipse/protocol";
import { describe, expect, it } from "vitest";
import { type AgentService, EventLog, workloadApi } from "../../src/api/index.ts";
import { agentStub, STATUS } from "../tools/agent-stub.ts";

async function ask(service: AgentService, method: "GET" | "POST", url: string, payload?: object | string) {
  const headers = { "content-type": "application/json" };
  const more = payload === undefined ? {} : { payload, headers };
  const response = await workloadApi(service).inject({ method, url, ...more });
  return { status: response.statusCode, type: response.headers["content-type"], json: response.json() };
}

const failing = (code: string): AgentService =>
  agentStub({ sign: async () => Promise.reject(new IpseError(code, "why")) });
const payload = toBase64Url(new Uint8Array([1, 2, 3]));

describe("the workload API", () => {
  it("shows the status", async () => {
    expect(await ask(agentStub(), "GET", "/v1/status")).toMatchObject({ status: 200, json: STATUS });
  });

  it("hands the bytes to sign on, and gives the signature in base64url", async () => {
    const seen: [string, Uint8Array][] = [];
    const service = agentStub({
      sign: async (type, bytes) => {
        seen.push([type, bytes]);
        return { signature: new Uint8Array(64).fill(0xff), seq: 8 };
      },
    });
    const { status, json } = await ask(service, "POST", "/v1/sign", { payload });
    expect([status, json]).toEqual([200, { signature: `${"_".repeat(85)}w`, seq: 8 }]);
    expect(seen).toEqual([["raw", Uint8Array.of(1, 2, 3)]]);
  });

  it.each([
    ["ERR_POLICY_RAW", 403],
    ["ERR_ASSERTION_SCOPE", 403],
    ["ERR_MESSAGE_DENIED", 403],
    ["ERR_OAUTH_INVALID_TARGET", 403],
    ["ERR_INSTANCE_QUARANTINED", 409],
    ["ERR_INSTANCE_STALE", 409],
    ["ERR_INSTANCE_REVOKED", 410],
    ["ERR_INSTANCE_ENDED", 410],
    ["ERR_QUORUM_UNREACHABLE", 503],
    ["ERR_BUSY", 429],
    ["ERR_TOKEN_RESPONSE", 502],
    ["ERR_SOMETHING_NEW", 500],
  ])("answers %s with %d and problem details", async (code, status) => {
    const answer = await ask(failing(code), "POST", "/v1/sign", { payload });
    expect(answer).toMatchObject({ status, type: expect.stringContaining("application/problem+json") });
    expect(answer.json).toMatchObject({ type: `urn:ipse:error:${code}`, status, code, detail: "why" });
  });

  it("does not repeat what an unexpected error says", async () => {
    const service = agentStub({ sign: () => Promise.reject(new Error("the seed is 42")) });
    const { status, json } = await ask(service, "POST", "/v1/sign", { payload });
    expect([status, json.code]).toEqual([500, "ERR_INTERNAL"]);
    expect(JSON.stringify(json)).not.toContain("42");
  });

  const bad: [string, string, object | string, string][] = [
    ["no payload", "/v1/sign", {}, "payload"],
    ["a payload that is not base64url", "/v1/sign", { payload: "a+b/" }, "payload"],
    ["an unknown member", "/v1/sign", { payload, sudo: true }, "unknown member"],
    ["an unknown message type", "/v1/sign", { payload, type: "assertion" }, "type"],
    ["a list", "/v1/sign", [], "request"],
    ["no audience", "/v1/assertion", {}, "audience"],
    ["a jkt that is none", "/v1/assertion", { audience: "x", jkt: "y" }, "jkt"],
    ["no resource", "/v1/token", { scope: "x" }, "resource"],
    ["a proof without a URL", "/v1/token", { resource: "x", proof: { method: "GET" } }, "proof.url"],
    ["what is not JSON", "/v1/sign", "{", "JSON"],
    ["a member twice", "/v1/sign", `{"payload":"AQID","payload":"AQIE"}`, "key stands twice"],
  ];
  it.each(bad)("refuses %s and names the field", async (_name, url, body, word) => {
    const { status, json } = await ask(agentStub(), "POST", url, body);
    expect([status, json.code]).toEqual([400, "ERR_REQUEST"]);
    expect(json.detail).toContain(word);
  });

  it("bounds what it reads", async () => {
    const long = toBase64Url(new Uint8Array(MESSAGE_BYTES_MAX));
    expect(await ask(agentStub(), "POST", "/v1/sign", { payload: long })).toMatchObject({ status: 200 });
    const longer = toBase64Url(new Uint8Array(MESSAGE_BYTES_MAX + 4096));
    expect(await ask(agentStub(), "POST", "/v1/sign", { payload: longer })).toMatchObject({
      status: 413,
      json: { code: "ERR_REQUEST" },
    });
  });

  it("has no other routes", async () => {
    expect(await ask(agentStub(), "GET", "/v1/state")).toMatchObject({
      status: 404,
      json: { code: "ERR_NOT_FOUND" },
    });
    expect(await ask(agentStub(), "GET", "/v1/sign")).toMatchObject({ status: 404 });
  });

  it("shows events after a number", async () => {
    const log = new EventLog(() => 5, 3);
    for (const event of ["a", "b", "c", "d"]) log.sink({ level: "info", event });
    log.sink({ level: "debug", event: "noise" });
    const service = agentStub({ events: (after) => log.after(after) });
    const all = await ask(service, "GET", "/v1/events");
    expect(all.json.events.map(({ seq }: { seq: number }) => seq)).toEqual([2, 3, 4]);
    const last = await ask(service, "GET", "/v1/events?after=3");
    expect(last.json.events).toEqual([{ seq: 4, time_ms: 5, event: { level: "info", event: "d" } }]);
    expect(await ask(service, "GET", "/v1/events?after=x")).toMatchObject({ status: 400 });
  });

  it("gives tokens that nothing may store", async () => {
    const service = agentStub({
      token: async ({ dpop }) => ({
        grant: { accessToken: "at", tokenType: dpop ? "DPoP" : "Bearer", lifetimeMs: 1, scope: undefined },
        key: undefined,
        expiresInMs: 59_999,
      }),
      proof: async (_token, { method, url }) => `${method} ${url}`,
    });
    const body = { resource: "https://api.example", proof: { method: "PUT", url: "https://api.example/x" } };
    const response = await workloadApi(service).inject({ method: "POST", url: "/v1/token", payload: body });
    expect(response.headers["cache-control"]).toBe("no-store");
    expect(response.json()).toEqual({
      access_token: "at",
      token_type: "DPoP",
      expires_in: 59,
      dpop_proof: "PUT https://api.example/x",
    });
  });
});
