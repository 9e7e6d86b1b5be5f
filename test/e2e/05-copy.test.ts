import { randomInt } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { decode } from "@ipse/protocol/encoding";
import { loadGroup } from "@ipse/protocol/group";
import { rosterFromJson } from "@ipse/protocol/registry";
import { forkEvidence, verifyEvidence } from "@ipse/protocol/session";
import { describe, expect, it } from "vitest";
import {
  Agent,
  copyDir,
  errorCodeOf,
  runVerb,
  signatureVerifies,
  until,
  type VerbResult,
} from "../src/processes/index.ts";
import { FULL } from "./support/full.ts";
import { mustSign } from "./support/suspensions.ts";
import { sharedCluster, useWorld } from "./support/world.ts";

const world = useWorld(sharedCluster);

/** So long that only what a test does moves the instance. */
const QUIET = ["--heartbeat-ms", "60000"];

async function quietAgent(onStale: "quarantine" | "revoke" = "quarantine"): Promise<Agent> {
  const agent = await world.enrolled({ onStale, resources: ["http://127.0.0.1:9/"] });
  await agent.start(QUIET);
  await mustSign(agent, "settled");
  return agent;
}

async function copyOf(agent: Agent): Promise<Agent> {
  const copy = new Agent(`${agent.dir}-copy`);
  await copyDir(agent.dir, copy.dir);
  return copy;
}

/** `ipse-agent sign` of a file, by hand. */
function sign(agent: Agent): Promise<VerbResult> {
  const file = world.path("message");
  writeFileSync(file, "by hand");
  return agent.verb(["sign", "--file", file]);
}

const exitAndCode = (result: VerbResult) => [result.code, errorCodeOf(result)];

async function instanceOf(agent: Agent): Promise<string> {
  return String((await agent.status())["instance"]);
}

describe("a copy that acts", () => {
  it("is caught with the original's next step; both are refused for ever; the evidence shows it", async () => {
    const agent = await quietAgent();
    const key = await agent.publicKey();
    const instance = await instanceOf(agent);
    const copy = await copyOf(agent);
    await copy.start(QUIET);
    const first = await sign(copy);
    const { signature } = JSON.parse(first.stdout) as { signature: string };
    expect(signatureVerifies(key, Buffer.from("by hand"), Buffer.from(signature, "base64url"))).toBe(true);

    expect(exitAndCode(await sign(agent))).toEqual([3, "ERR_INSTANCE_REVOKED"]);
    expect(exitAndCode(await sign(copy))).toEqual([3, "ERR_INSTANCE_REVOKED"]);
    for (const one of [agent, copy]) {
      const token = await one.verb(["token", "--resource", "http://127.0.0.1:9/"]);
      expect(exitAndCode(token)).toEqual([3, "ERR_INSTANCE_REVOKED"]);
      expect((await one.status())["status"]).toBe("revoked");
      expect(one.daemon.isRunning()).toBe(true);
    }
    await expectEvidence(instance);
    await expectReenrollment(agent);
  });

  async function expectEvidence(instance: string): Promise<void> {
    const { cluster } = world;
    const shown = await cluster.json(["evidence", "show", instance]);
    const evidence = Buffer.from(String(shown["evidence"]), "base64url");
    const file = world.path("evidence.bin");
    const verify = (bytes: Uint8Array): Promise<VerbResult> => {
      writeFileSync(file, bytes);
      return runVerb("ipse-oracle", ["evidence", "verify", file, "--roster", cluster.roster, "--json"]);
    };
    const good = await verify(evidence);
    expect([good.code, JSON.parse(good.stdout)]).toMatchObject([0, { valid: true, instance }]);

    const changed = (at: number): Buffer => {
      const bytes = Buffer.from(evidence);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << randomInt(8));
      return bytes;
    };
    // The command, at a few places ...
    for (const at of [randomInt(evidence.length), evidence.length - 1]) {
      const bad = await verify(changed(at));
      expect([bad.code, (JSON.parse(bad.stdout) as { valid: boolean }).valid], `byte ${at}`).toEqual([
        1,
        false,
      ]);
    }

    // ... and what it calls, at every byte.
    const { group } = await loadGroup();
    const { roster } = rosterFromJson(readFileSync(cluster.roster, "utf8"));
    const judge = (bytes: Uint8Array) => verifyEvidence(group, roster, decode(forkEvidence, bytes));
    expect(Buffer.from(judge(evidence)).toString("hex")).toBe(instance);
    for (const bytes of [evidence.subarray(1), Buffer.concat([evidence, Buffer.alloc(1)]), Buffer.alloc(0)])
      expect(() => judge(bytes)).toThrow();
    for (let at = 0; at < evidence.length; at += FULL ? 1 : 7)
      expect(() => judge(changed(at)), `byte ${at}`).toThrow();
  }

  /** A new enrollment in the same directory is picked up: no restart, no deleting by hand. */
  async function expectReenrollment(agent: Agent): Promise<void> {
    const before = await instanceOf(agent);
    await agent.enroll(await world.ticket());
    await until(async () => (await instanceOf(agent)) !== before, { what: "the new instance" });
    expect((await sign(agent)).code).toBe(0);
  }
});

describe("a copy that fell behind", () => {
  it("gets nothing (exit 4) and says so; the original is quarantined until an operator releases it", async () => {
    const agent = await quietAgent();
    const copy = await copyOf(agent);
    await mustSign(agent, "the original goes on");
    await copy.start(QUIET);
    expect(exitAndCode(await sign(copy))).toEqual([4, "ERR_INSTANCE_STALE"]);
    expect((await copy.status())["status"]).toBe("stale");

    const refused = async () => {
      const result = await sign(agent);
      return result.code === 0 ? undefined : result;
    };
    const quarantined = await until(refused, { what: "the quarantine" });
    expect(exitAndCode(quarantined)).toEqual([4, "ERR_INSTANCE_QUARANTINED"]);
    expect((await agent.status())["status"]).toBe("quarantined");

    await world.cluster.json(["instance", "release", await instanceOf(agent)]);
    await until(async () => (await sign(agent)).code === 0, { what: "signing after the release" });
    expect(exitAndCode(await sign(copy))).toEqual([4, "ERR_INSTANCE_STALE"]);
  });

  it.runIf(FULL)("ends the instance where the workload's policy says so", async () => {
    const agent = await quietAgent("revoke");
    const copy = await copyOf(agent);
    await mustSign(agent, "the original goes on");
    await copy.start(QUIET);
    expect(exitAndCode(await sign(copy))[0]).toBeGreaterThanOrEqual(3);
    const revoked = async () => {
      const result = await sign(agent);
      return result.code === 0 ? undefined : result;
    };
    expect(exitAndCode(await until(revoked, { what: "the revocation" }))).toEqual([
      3,
      "ERR_INSTANCE_REVOKED",
    ]);
  });
});
