import { createHash, verify } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "@ipse/protocol";
import { encodePae } from "@ipse/protocol/attestation";
import { describe, expect, it } from "vitest";
import { workloadApi } from "../../src/api/index.ts";
import { keysOfIdentity, keysOfJwks, keysOfPem } from "../../src/attest/index.ts";
import { subjectName } from "../../src/cli/digest-file.ts";
import { attestVerb } from "../../src/cli/verbs/attest.ts";
import { verifyAttestationVerb } from "../../src/cli/verbs/verify-attestation.ts";
import { OUTCOMES, outcomeOf } from "../../src/outcome.ts";
import { serve } from "../tools/agent-stub.ts";
import { keyAgent } from "../tools/key-agent.ts";
import { runVerb } from "../tools/run-verb.ts";
import { tempDir } from "../tools/temp-dir.ts";

const TYPE = "https://slsa.dev/provenance/v1";
const codeOf = (promise: Promise<unknown>) => promise.then(() => "ok", errorCode);
const exitOf = async (promise: Promise<unknown>) => OUTCOMES[outcomeOf(await codeOf(promise))].exit;

async function setUp() {
  const dir = tempDir();
  const socket = join(dir, "s.sock");
  const agent = keyAgent();
  await serve(socket, agent.service);
  const file = (name: string, content: string) => {
    writeFileSync(join(dir, name), content);
    return join(dir, name);
  };
  const app = file("app.tgz", "the app");
  const other = file("other.tgz", "another app");
  const predicate = file("predicate.json", '{"builder":{"id":"https://ci.example"}}');
  const key = file("key.pem", agent.identity.pem);
  const attest = (...more: string[]) =>
    runVerb(attestVerb, ["--socket", socket, "--subject", app, "--predicate-type", TYPE, ...more]);
  const check = (envelope: string, ...more: string[]) =>
    runVerb(verifyAttestationVerb, ["--json", "--envelope", file("e.json", envelope), ...more]);
  return { ...agent, file, app, other, predicate, key, attest, check };
}

describe("ipse-agent attest", () => {
  it("signs a statement about files, and verify-attestation takes it from every kind of key", async () => {
    const { attest, check, app, other, predicate, key, identity, file } = await setUp();
    const envelope = await attest("--subject", other, "--predicate", predicate);
    const identityFile = file("identity.json", JSON.stringify(identity));
    const jwks = file("jwks.json", JSON.stringify({ keys: [{ kty: "RSA" }, identity.jwk] }));
    for (const source of [
      ["--key", key],
      ["--jwks", jwks],
      ["--identity", identityFile],
    ]) {
      const report = JSON.parse(await check(envelope, ...source, "--subject", app, "--predicate-type", TYPE));
      const sha256 = createHash("sha256").update("the app").digest("hex");
      expect(report).toMatchObject({ verified: true, kid: identity.kid, predicate_type: TYPE });
      expect(report.subject[0]).toEqual({ name: "app.tgz", digest: { sha256 } });
      expect(report.subject).toHaveLength(2);
    }
  });

  it("signs DSSE's pre-authentication encoding, nothing else", async () => {
    const { attest, predicate, publicKey } = await setUp();
    const envelope = JSON.parse(await attest("--predicate", predicate, "--json"));
    const body = Buffer.from(envelope.payload, "base64");
    const signature = Buffer.from(envelope.signatures[0].sig, "base64");
    expect(verify(null, encodePae(envelope.payloadType, body), publicKey, signature)).toBe(true);
    expect(JSON.parse(body.toString())).toMatchObject({ _type: "https://in-toto.io/Statement/v1" });
  });

  it("exits with 1 for what does not hold", async () => {
    const { attest, check, predicate, key, other, file } = await setUp();
    const envelope = await attest("--predicate", predicate);
    const stranger = file("stranger.pem", keyAgent().identity.pem);
    const bent = JSON.parse(envelope);
    bent.payload = Buffer.from("{}").toString("base64");
    expect(await exitOf(check(envelope, "--key", stranger))).toBe(1);
    expect(await exitOf(check(JSON.stringify(bent), "--key", key))).toBe(1);
    expect(await codeOf(check(envelope, "--key", key, "--subject", other))).toBe("ERR_ATTESTATION_SUBJECT");
    expect(await codeOf(check(envelope, "--key", key, "--predicate-type", "https://x.example/v1"))).toBe(
      "ERR_ATTESTATION_PREDICATE_TYPE",
    );
  });

  it("exits with 2 for what cannot be attested", async () => {
    const { attest, check, predicate, key, app, file } = await setUp();
    const twice = file("twice.json", '{"a":1,"a":2}');
    const list = file("list.json", "[]");
    const big = file("big.json", JSON.stringify({ a: "x".repeat(17_000) }));
    for (const path of [twice, list, big, "/does/not/exist"])
      expect(await exitOf(attest("--predicate", path))).toBe(2);
    expect(await exitOf(attest("--predicate", predicate, "--subject", app))).toBe(2);
    expect(await exitOf(attest("--predicate", predicate, "--subject", "/does/not/exist"))).toBe(2);
    expect(await exitOf(check("{}"))).toBe(2);
    expect(await exitOf(check("{}", "--key", key, "--jwks", key))).toBe(2);
  });

  it("names subjects by the path below, or by the file alone", () => {
    expect(["dist/a.tgz", "./a", "/tmp/x/a", "../x/a", "..a"].map(subjectName)).toEqual([
      "dist/a.tgz",
      "a",
      "a",
      "a",
      "..a",
    ]);
  });
});

describe("POST /v1/attest", () => {
  const digest = { sha256: "0".repeat(64) };
  const good = { subject: [{ name: "a", digest }], predicate_type: TYPE, predicate: {} };
  const post = async (payload: object | string) => {
    const { service, signed } = keyAgent();
    const headers = { "content-type": "application/json" };
    const answer = await workloadApi(service).inject({ method: "POST", url: "/v1/attest", payload, headers });
    return { status: answer.statusCode, code: answer.json().code, signed: signed() };
  };

  it("answers with an envelope", async () => {
    expect(await post(good)).toMatchObject({ status: 200, signed: 1 });
  });

  it.each<[string, object | string]>([
    ["no subject", { ...good, subject: [] }],
    ["a subject without a digest", { ...good, subject: [{ name: "a", digest: {} }] }],
    ["a digest that is none", { ...good, subject: [{ name: "a", digest: { sha256: "xyz" } }] }],
    ["a type that is no URI", { ...good, predicate_type: "slsa" }],
    ["a predicate that is no object", { ...good, predicate: [] }],
    ["a statement that is too long", { ...good, predicate: { a: "x".repeat(17_000) } }],
    ["a statement type of the caller's own", { ...good, _type: "https://in-toto.io/Statement/v1" }],
    [
      "a key twice inside the predicate",
      JSON.stringify(good).replace('"predicate":{}', '"predicate":{"a":1,"a":2}'),
    ],
  ])("refuses %s", async (_name, body) => {
    expect(await post(body)).toMatchObject({ status: 400, signed: 0 });
  });
});

describe("keys to verify with", () => {
  it("are public Ed25519 keys, nothing else", () => {
    const { identity } = keyAgent();
    expect(keysOfPem(identity.pem)[0]?.kid).toBe(identity.kid);
    const bad = [
      () => keysOfPem("nothing"),
      () => keysOfPem(identity.pem.replace("MCow", "MCox")),
      () => keysOfJwks("{"),
      () => keysOfJwks('{"keys":[]}'),
      () => keysOfJwks(JSON.stringify({ keys: [{ ...identity.jwk, d: "secret" }] })),
      () => keysOfIdentity(JSON.stringify({ jwk: { kty: "EC" } })),
    ];
    for (const run of bad) expect(run).toThrow(expect.objectContaining({ code: "ERR_ATTESTATION_KEY" }));
    expect(outcomeOf("ERR_ATTESTATION_KEY")).toBe("usage");
  });
});
