import { createPublicKey, verify } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex, type IpseError, utf8 } from "@ipse/protocol";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Agent } from "../../src/agent/agent.ts";
import { enroll } from "../../src/agent/enroll.ts";
import { leaveDirectory } from "../../src/agent/leave.ts";
import type { Platform } from "../../src/agent/platform.ts";
import { EventLog } from "../../src/api/event-log.ts";
import { kernelEntropy, systemClock, systemTimers } from "../../src/platform/index.ts";
import { openDirectory } from "../../src/state/index.ts";
import { Cluster, ISSUER, SPIFFE_ID } from "../tools/cluster.ts";
import { tempDir } from "../tools/temp-dir.ts";
import { until } from "../tools/until.ts";

let cluster: Cluster;
let platform: Platform;

beforeAll(async () => {
  cluster = await Cluster.start();
  const { group } = cluster;
  platform = { group, clock: systemClock, entropy: kernelEntropy(), timers: systemTimers, events: () => {} };
}, 60_000);
afterAll(() => cluster.stop());

const newDir = () => join(tempDir(), "ad");
const enrolled = (dir: string, joinUri = cluster.joinUri()) =>
  enroll({ platform, dir, joinUri, timeoutMs: 10_000 });

async function started(dir: string, heartbeatMs?: number, requestTimeoutMs?: number): Promise<Agent> {
  const eventLog = new EventLog(() => Date.now());
  const onFatal = (error: unknown) => expect.unreachable(String(error));
  const settings = requestTimeoutMs === undefined ? undefined : { requestTimeoutMs };
  const more = { eventLog, onFatal, heartbeatMs, settings };
  const agent = await Agent.start({ dir: openDirectory(dir, false), platform, ...more });
  onTestFinished(() => agent.stop());
  return agent;
}

const statusOf = (agent: Agent) => agent.status().status;
const active = (agent: Agent) => until("the agent is active", () => statusOf(agent) === "active");
const message = utf8("a message");
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "ok",
    (error: IpseError) => error.code,
  );
const instance = (agent: Agent) => fromHex(agent.identity().instance) ?? new Uint8Array();

describe("an agent", () => {
  it("enrolls, runs and signs under its own key", async () => {
    const dir = newDir();
    const identity = await enrolled(dir);
    expect(identity).toMatchObject({ spiffe_id: SPIFFE_ID, trust_domain: "test.ipse", issuer: ISSUER });
    const agent = await started(dir);
    await active(agent);
    expect(agent.identity()).toEqual(identity);
    const { signature } = await agent.sign("raw", message);
    expect(verify(null, message, createPublicKey(identity.pem), signature)).toBe(true);
    expect(verify(null, message, createPublicKey({ key: identity.jwk, format: "jwk" }), signature)).toBe(
      true,
    );
    expect(agent.status()).toMatchObject({ connected: 4, quorum: 3, heartbeat_ms: 2000, code: null });
  });

  it("makes assertions, and passes on what policy denies", async () => {
    const dir = newDir();
    await enrolled(dir);
    const agent = await started(dir);
    await expect(agent.assertion({ audience: ISSUER, scope: "read" })).resolves.toMatch(
      /^[\w-]+\.[\w-]+\.[\w-]+$/,
    );
    expect(await codeOf(agent.assertion({ audience: ISSUER, scope: "write" }))).toBe("ERR_ASSERTION_SCOPE");
    expect(await codeOf(agent.assertion({ audience: "https://other.example" }))).toBe("ERR_POLICY_AUDIENCE");
    expect(await codeOf(agent.sign("raw", utf8("DSSEv1 ")))).toBe("ERR_POLICY_RAW_TYPED");
  });

  it("goes on after a restart, from the same state", async () => {
    const dir = newDir();
    await enrolled(dir);
    const first = await started(dir);
    await first.sign("raw", message);
    await first.stop();
    const second = await started(dir);
    await second.sign("raw", message);
    expect(statusOf(second)).toBe("active");
  });

  it("keeps a second agent and an enrollment out of its directory", async () => {
    const dir = newDir();
    await enrolled(dir);
    await started(dir);
    expect(await codeOf(started(dir))).toBe("ERR_AGENT_RUNNING");
    expect(await codeOf(enrolled(dir))).toBe("ERR_AGENT_RUNNING");
  });

  it("waits for the oracles to come back, and says so in bounded time", async () => {
    const dir = newDir();
    await enrolled(dir);
    const agent = await started(dir, undefined, 1500);
    await active(agent);
    const [one, two] = cluster.servers;
    await Promise.all([one?.stop(), two?.stop()]);
    const refused = codeOf(agent.sign("raw", message));
    expect(await refused).toBe("ERR_QUORUM_UNREACHABLE");
    expect(await codeOf(agent.token({ resource: "https://api.example", dpop: true }))).toBe(
      "ERR_QUORUM_UNREACHABLE",
    );
    await Promise.all([one?.start(), two?.start()]);
    await until("it signs again", () => agent.status().connected === 4, 15_000);
    expect(await codeOf(agent.sign("raw", message))).toBe("ok");
  }, 60_000);
});

describe("a copied directory", () => {
  it("ends both copies when the copy acts first", async () => {
    const dir = newDir();
    await enrolled(dir);
    const original = await started(dir, 60_000);
    await original.sign("raw", message);
    const copyDir = newDir();
    cpSync(dir, copyDir, { recursive: true, filter: (path) => !path.endsWith(".sock") });
    const copy = await started(copyDir, 60_000);
    expect(await codeOf(copy.sign("raw", message))).toBe("ok");
    expect(await codeOf(original.sign("raw", message))).toBe("ERR_INSTANCE_REVOKED");
    await until("the copy knows", () => statusOf(original) === "revoked");
    expect(await codeOf(copy.sign("raw", message))).toBe("ERR_INSTANCE_REVOKED");
    expect(await codeOf(copy.token({ resource: "https://api.example", dpop: true }))).toBe(
      "ERR_INSTANCE_REVOKED",
    );
  });

  it("finds itself behind when the original went on, and an operator releases the original", async () => {
    const dir = newDir();
    await enrolled(dir);
    const original = await started(dir, 300);
    await active(original);
    const copyDir = newDir();
    cpSync(dir, copyDir, { recursive: true, filter: (path) => !path.endsWith(".sock") });
    const seq = original.status().seq ?? 0;
    await until("the original went on", () => (original.status().seq ?? 0) > seq + 2);
    const copy = await started(copyDir, 300);
    await until("the copy is stale", () => statusOf(copy) === "stale");
    await until("the original is quarantined", () => statusOf(original) === "quarantined");
    expect(await codeOf(copy.sign("raw", message))).toBe("ERR_INSTANCE_STALE");
    expect(await codeOf(original.sign("raw", message))).toBe("ERR_INSTANCE_QUARANTINED");
    const word = { kind: "instance", action: "release", release: 1, reason: "ours" } as const;
    await cluster.submit({ ...word, instance: instance(original) });
    await until("the original is released", () => statusOf(original) === "active", 15_000);
    expect(await codeOf(original.sign("raw", message))).toBe("ok");
    expect(await codeOf(copy.sign("raw", message))).toBe("ERR_INSTANCE_STALE");
  }, 40_000);
});

describe("an instance that is over", () => {
  it("is replaced under a running agent by a new enrollment, without a trace of it", async () => {
    const dir = newDir();
    await enrolled(dir);
    const agent = await started(dir, 300);
    const old = agent.identity();
    await cluster.submit({
      kind: "instance",
      instance: instance(agent),
      action: "revoke",
      release: 0,
      reason: "test",
    });
    await until("the agent is revoked", () => statusOf(agent) === "revoked", 10_000);
    expect(await codeOf(agent.sign("raw", message))).toBe("ERR_INSTANCE_REVOKED");
    expect(agent.identity()).toEqual(old);
    await until("the directory is free", () => readdirSync(dir).every((name) => !name.startsWith("lock-")));
    const identity = await enrolled(dir);
    await until("the new instance is active", () => statusOf(agent) === "active", 10_000);
    expect(agent.identity()).toEqual(identity);
    expect(identity.instance).not.toBe(old.instance);
    expect(await codeOf(agent.sign("raw", message))).toBe("ok");
    const instanceBytes = Buffer.from(old.instance, "hex");
    expect(readFileSync(join(dir, "state")).includes(instanceBytes)).toBe(false);
    expect(readdirSync(dir).filter((name) => name.includes("tmp"))).toEqual([]);
  }, 40_000);

  it("is noticed by an enrollment even where no agent heard of the end", async () => {
    const dir = newDir();
    const first = await enrolled(dir);
    const word = { kind: "instance", action: "revoke", release: 0, reason: "test" } as const;
    await cluster.submit({ ...word, instance: fromHex(first.instance) ?? new Uint8Array() });
    const second = await enrolled(dir);
    expect(second.instance).not.toBe(first.instance);
  });

  it("was left: by the agent, or without one", async () => {
    const dir = newDir();
    await enrolled(dir);
    const agent = await started(dir);
    await agent.leave();
    await until("the agent says so", () => statusOf(agent) === "ended");
    expect(await codeOf(agent.sign("raw", message))).toBe("ERR_INSTANCE_ENDED");
    const other = newDir();
    await enrolled(other);
    await leaveDirectory(platform, other);
    expect(statusOf(await started(other))).toBe("ended");
  });
});

describe("an enrollment", () => {
  it("refuses to replace what lives", async () => {
    const dir = newDir();
    const { instance: id } = await enrolled(dir);
    expect(await codeOf(enrolled(dir))).toBe("ERR_ALREADY_ENROLLED");
    expect((await started(dir)).identity().instance).toBe(id);
  });

  it("leaves nothing behind when the ticket is used, expired or not the cluster's", async () => {
    const uri = cluster.joinUri();
    await enrolled(newDir(), uri);
    const dir = newDir();
    expect(await codeOf(enrolled(dir, uri))).toBe("ERR_TICKET_USED");
    expect(await codeOf(enrolled(dir, cluster.joinUri(-5000)))).toBe("ERR_TICKET_EXPIRED");
    expect(await codeOf(enrolled(dir, "ipse-join:nonsense"))).toBe("ERR_JOIN_URI");
    expect(existsSync(join(dir, "state"))).toBe(false);
    expect(await codeOf(started(dir))).toBe("ERR_NOT_ENROLLED");
  });

  it("gives up in time when nobody answers", async () => {
    const dir = newDir();
    const uri = cluster.joinUri();
    await Promise.all(cluster.servers.map((server) => server.stop()));
    try {
      expect(await codeOf(enrolled(dir, uri))).toBe("ERR_QUORUM_UNREACHABLE");
    } finally {
      await Promise.all(cluster.servers.map((server) => server.start()));
    }
    await expect(enrolled(dir, uri)).resolves.toMatchObject({ spiffe_id: SPIFFE_ID });
  });

  it("makes as many instances of a ticket as it has uses", async () => {
    const uri = cluster.joinUri(600_000, 2);
    const ids = await Promise.all([enrolled(newDir(), uri), enrolled(newDir(), uri)]);
    expect(new Set(ids.map(({ instance: id }) => id)).size).toBe(2);
    expect(await codeOf(enrolled(newDir(), uri))).toBe("ERR_TICKET_USED");
  });
});
