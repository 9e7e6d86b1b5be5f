import { createHash } from "node:crypto";
import { fromBase64Url, IpseError, toBase64Url, toHex, utf8 } from "@ipse/protocol";
import { decode, encode } from "@ipse/protocol/encoding";
import type { InstanceSummary } from "@ipse/protocol/host";
import {
  type ReadQuery,
  type ReadRequest,
  readRequestInput,
  rosterFromJson,
  rosterHash,
  signedReadRequest,
  signedStatement,
  verifyReadAnswer,
} from "@ipse/protocol/registry";
import { afterEach, describe, expect, it } from "vitest";
import { signStatement } from "../../src/operator/index.ts";
import { openListener } from "../support/listener.ts";
import { group, keyOf, NOW_MS, operator, roster } from "../support/roster.ts";

const clock = { nowMs: () => NOW_MS, monotonicMs: () => performance.now() };
const statement = signStatement(
  group,
  roster,
  [operator],
  {
    kind: "endpoint",
    oracle: 2,
    sessionUrl: "https://o2.test",
    oauthUrl: "https://o2.test",
    tlsPin: new Uint8Array(32),
  },
  NOW_MS,
);
const summary: InstanceSummary = {
  instance: new Uint8Array(32).fill(9),
  spiffeId: "spiffe://test.ipse/a",
  status: "active",
  release: 0,
  headSeq: 4,
  shareVersion: 2,
  identityKey: new Uint8Array(32).fill(3),
  reason: undefined,
};

describe("the registry's routes", () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });
  const open = async () => {
    const { listener, node, close } = await openListener({ clock });
    cleanups.push(close);
    const post = (url: string, payload: string, type = "application/json") =>
      listener.app.inject({ method: "POST", url, payload, headers: { "content-type": type } });
    return { app: listener.app, node, post };
  };

  it("take a statement as its canonical bytes", async () => {
    const { node, post } = await open();
    const body = JSON.stringify({ statement: toBase64Url(encode(signedStatement, statement)) });
    const answer = await post("/v1/registry/statements", body);
    expect([answer.statusCode, answer.json()]).toEqual([200, { accepted: true }]);
    expect(node.submitted.map((one) => encode(signedStatement, one))).toEqual([
      encode(signedStatement, statement),
    ]);
  });

  it("hand the core's refusal on", async () => {
    const { node, post } = await open();
    node.refuse = new IpseError("ERR_STATEMENT_SIGNATURE", "does not verify");
    const body = JSON.stringify({ statement: toBase64Url(encode(signedStatement, statement)) });
    const answer = await post("/v1/registry/statements", body);
    expect(answer.statusCode).toBe(403);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.json()).toMatchObject({ code: "ERR_STATEMENT_SIGNATURE", status: 403 });
  });

  it.each([
    ["not JSON", "{", "ERR_JSON_SYNTAX"],
    ["nothing", "", "ERR_JSON_SYNTAX"],
    ["an array", "[]", "ERR_HTTP_BODY"],
    ["null", "null", "ERR_HTTP_BODY"],
    ["another member", '{"statement":"AA","x":1}', "ERR_HTTP_BODY"],
    ["a member twice", '{"statement":"AA","statement":"BB"}', "ERR_JSON_DUPLICATE_KEY"],
    ["no base64url", '{"statement":"A+=="}', "ERR_HTTP_BODY"],
    ["no statement", '{"statement":"AAAA"}', "ERR_ENCODING_VERSION"],
    [
      "trailing bytes",
      JSON.stringify({
        statement: toBase64Url(Buffer.concat([encode(signedStatement, statement), Buffer.of(0)])),
      }),
      "ERR_ENCODING",
    ],
  ])("refuse %s before the core sees it", async (_what, body, code) => {
    const { node, post } = await open();
    const answer = await post("/v1/registry/statements", body);
    expect([answer.statusCode, answer.json().code]).toEqual([400, code]);
    expect(node.submitted).toEqual([]);
  });

  it("refuse other media types and long bodies", async () => {
    const { post } = await open();
    expect((await post("/v1/registry/statements", "x", "text/plain")).statusCode).toBe(415);
    expect((await post("/v1/registry/statements", " ".repeat(200_000))).statusCode).toBe(413);
  });

  it("serve rosters by hash, and endpoints", async () => {
    const { app, node } = await open();
    const byHash = await app.inject(`/v1/registry/rosters/${toBase64Url(rosterHash(roster))}`);
    expect(rosterHash(rosterFromJson(byHash.body).roster)).toEqual(rosterHash(roster));
    expect((await app.inject("/v1/registry/roster")).body).toBe(byHash.body);
    expect((await app.inject("/v1/registry/rosters/AAAA")).json()).toMatchObject({
      code: "ERR_ROSTER_NOT_FOUND",
    });
    node.submitted.push(statement);
    const { endpoints } = (await app.inject("/v1/registry/endpoints")).json() as { endpoints: string[] };
    expect(endpoints.map((one) => decode(signedStatement, fromBase64Url(one) ?? new Uint8Array()))).toEqual([
      statement,
    ]);
  });

  describe("for an operator's signed read", () => {
    const requestOf = (query: ReadQuery, changes: Partial<ReadRequest> = {}): ReadRequest => ({
      version: 1,
      rosterHash: rosterHash(roster),
      oracle: 1,
      nonce: new Uint8Array(32).fill(6),
      timeMs: NOW_MS,
      query,
      ...changes,
    });
    const bodyOf = (request: ReadRequest, by = operator, signed = request): string => {
      const signature = group.ed25519.sign(by.seed, readRequestInput(signed));
      const bytes = encode(signedReadRequest, { request, operator: by.publicKey, signature });
      return JSON.stringify({ request: toBase64Url(bytes) });
    };
    const instances: ReadQuery = { kind: "instances", limit: 10, after: undefined, spiffeId: undefined };

    it("answer under the vote key, bound to the question", async () => {
      const { node, post } = await open();
      node.summaries = [summary];
      const request = requestOf(instances);
      const answer = await post("/v1/registry/read", bodyOf(request));
      expect(answer.json()).toEqual({
        instances: [
          {
            instance: toHex(summary.instance),
            spiffe_id: "spiffe://test.ipse/a",
            status: "active",
            release: 0,
            head_seq: 4,
            share_version: 2,
            identity_key: toBase64Url(summary.identityKey),
            reason: null,
          },
        ],
      });
      const proof = {
        timeMs: Number(answer.headers["ipse-time"]),
        bodyHash: new Uint8Array(createHash("sha256").update(utf8(answer.body)).digest()),
        signature: fromBase64Url(String(answer.headers["ipse-signature"])) ?? new Uint8Array(),
      };
      expect(() => verifyReadAnswer(group, roster, request, proof)).not.toThrow();
      const otherQuestion = { ...request, nonce: new Uint8Array(32) };
      expect(() => verifyReadAnswer(group, roster, otherQuestion, proof)).toThrow("not signed by oracle 1");
      const otherBody = { ...proof, bodyHash: new Uint8Array(32) };
      expect(() => verifyReadAnswer(group, roster, request, otherBody)).toThrow("not signed by oracle 1");
    });

    it("sign what they do not know as well", async () => {
      const { post } = await open();
      const answer = await post(
        "/v1/registry/read",
        bodyOf(requestOf({ kind: "instance", instance: summary.instance })),
      );
      expect(answer.json()).toMatchObject({ error: { code: "ERR_INSTANCE_NOT_FOUND" } });
      expect(answer.headers["ipse-signature"]).toBeDefined();
    });

    it.each([
      ["for another oracle", bodyOf(requestOf(instances, { oracle: 2 })), "ERR_READ_ORACLE"],
      [
        "under another roster",
        bodyOf(requestOf(instances, { rosterHash: new Uint8Array(32) })),
        "ERR_READ_ORACLE",
      ],
      ["by a stranger", bodyOf(requestOf(instances), keyOf(77)), "ERR_READ_SIGNER"],
      ["by an oracle", bodyOf(requestOf(instances), keyOf(1)), "ERR_READ_SIGNER"],
      ["too old", bodyOf(requestOf(instances, { timeMs: NOW_MS - 200_000 })), "ERR_READ_TIME"],
      ["from the future", bodyOf(requestOf(instances, { timeMs: NOW_MS + 200_000 })), "ERR_READ_TIME"],
      [
        "with another question than the signed one",
        bodyOf(requestOf({ kind: "status" }), operator, requestOf(instances)),
        "ERR_READ_SIGNATURE",
      ],
    ])("refuse one %s", async (_what, body, code) => {
      const { post } = await open();
      const answer = await post("/v1/registry/read", body);
      expect(answer.json().code).toBe(code);
      expect(answer.statusCode).toBeGreaterThanOrEqual(400);
      expect(answer.headers["ipse-signature"]).toBeUndefined();
    });
  });
});
