import { createPublicKey } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode, utf8 } from "@ipse/protocol";
import { encodePae, openEnvelope } from "@ipse/protocol/attestation";
import type { MessageType } from "@ipse/protocol/session";
import { jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import { enroll } from "../../src/agent/enroll.ts";
import type { Platform } from "../../src/agent/platform.ts";
import { EventLog } from "../../src/api/event-log.ts";
import { attest, keysOfPem, verifyEd25519 } from "../../src/attest/index.ts";
import { kernelEntropy, systemClock, systemTimers } from "../../src/platform/index.ts";
import { signHttpRequest, WimseTokens } from "../../src/signing/index.ts";
import { openDirectory } from "../../src/state/index.ts";
import { Cluster } from "../tools/cluster.ts";
import { until } from "../tools/until.ts";

let cluster: Cluster;
let agent: Agent;
let dir: string;

beforeAll(async () => {
  cluster = await Cluster.start();
  const { group } = cluster;
  const ports = { clock: systemClock, entropy: kernelEntropy(), timers: systemTimers };
  const platform: Platform = { group, ...ports, events: () => {} };
  dir = mkdtempSync(join(tmpdir(), "ipse-agent-"));
  await enroll({ platform, dir, joinUri: cluster.joinUri(), timeoutMs: 10_000 });
  const eventLog = new EventLog(() => Date.now());
  const onFatal = (error: unknown) => expect.unreachable(String(error));
  agent = await Agent.start({ dir: openDirectory(dir, false), platform, eventLog, onFatal });
  await until("the agent is active", () => agent.status().status === "active");
}, 60_000);
afterAll(async () => {
  await agent.stop();
  await cluster.stop();
  rmSync(dir, { recursive: true, force: true });
});

const codeOf = (promise: Promise<unknown>) => promise.then(() => "ok", errorCode);
const subject = [{ name: "app", digest: { sha256: "0".repeat(64) } }];

describe("under the threshold key, oracles in between", () => {
  it("an attestation verifies", async () => {
    const envelope = await attest(agent, {
      subject,
      predicateType: "https://x.example/v1",
      predicate: { a: 1 },
    });
    const keys = keysOfPem(agent.identity().pem);
    const opened = openEnvelope(utf8(JSON.stringify(envelope)), keys, verifyEd25519);
    expect(opened.statement.predicate).toEqual({ a: 1 });
  });

  it("a workload identity token verifies, and an HTTP signature is given", async () => {
    const wimse = new WimseTokens(agent);
    const { wit } = await wimse.ephemeral();
    const { payload } = await jwtVerify(wit, createPublicKey(agent.identity().pem), { typ: "wit+jwt" });
    expect(payload.sub).toBe(agent.identity().spiffe_id);
    const made = await wimse.threshold();
    await expect(wimse.proof(made, { audience: "https://b.example/" })).resolves.toMatch(/^ey/);
    const request = { method: "GET", url: "https://b.example/", headers: {}, label: "a", expires_in: 60 };
    const report = await signHttpRequest(agent, wimse, { ...request, key: "threshold" }, Date.now());
    expect(report.headers["signature"]).toMatch(/^a=:[A-Za-z0-9+/]{86}==:$/);
  });

  it.each<[string, MessageType, Uint8Array]>([
    ["an attestation of another type", "attestation", encodePae("text/plain", utf8("hello"))],
    [
      "an attestation that is no statement",
      "attestation",
      encodePae("application/vnd.in-toto+json", utf8("{}")),
    ],
    ["a statement without its encoding", "attestation", utf8('{"_type":"https://in-toto.io/Statement/v1"}')],
    ["an attestation as a request", "http-signature", encodePae("application/vnd.in-toto+json", utf8("{}"))],
    ["a request as a token", "wimse", utf8('"@method": GET\n"@signature-params": ("@method")')],
    ["an attestation as raw bytes", "raw", encodePae("text/plain", utf8("hello"))],
  ])("%s is refused by policy", async (_name, type, payload) => {
    expect(await codeOf(agent.sign(type, payload))).toMatch(/^ERR_(POLICY_|MESSAGE_DENIED)/);
  });
});
