import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const BIN = join(import.meta.dirname, "../../oracle/bin/ipse-oracle.js");

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
interface Ready {
  readonly event: string;
  readonly dir: string;
  readonly roster: string;
  readonly issuer: string;
  readonly oracles: readonly { id: number; url: string; local_url: string; pid: number }[];
}

function start(args: readonly string[]): {
  child: ChildProcess;
  firstLine: Promise<string>;
  ended: Promise<Ended>;
} {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stderr.on("data", (chunk) => (err += String(chunk)));
  const ended = new Promise<Ended>((resolve) => child.once("close", (code) => resolve({ code, out, err })));
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      out += String(chunk);
      if (out.includes("\n")) resolve(out.split("\n")[0] ?? "");
    });
    void ended.then(() => reject(new Error(`ended before it was ready: ${err}`)));
  });
  firstLine.catch(() => {});
  return { child, firstLine, ended };
}

const run = (...args: string[]): Promise<Ended> => start(args).ended;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("a dev cluster of real processes", { shuffle: false }, () => {
  const root = mkdtempSync(join(tmpdir(), "ipse-e2e-"));
  const dir = join(root, "cluster");
  const open = () => start(["dev", "--dir", dir, "--port", "0", "--json"]);
  let cluster: ReturnType<typeof open>;
  let ready: Ready;

  beforeAll(async () => {
    cluster = open();
    ready = JSON.parse(await cluster.firstLine) as Ready;
  });
  afterAll(async () => {
    cluster.child.kill("SIGTERM");
    await cluster.ended;
    rmSync(root, { recursive: true, force: true });
  });

  it("says where everything is once all of it is ready", async () => {
    expect(ready).toMatchObject({ event: "ready", dir, roster: join(dir, "roster.json") });
    expect(ready.oracles.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect(ready.issuer).toBe(ready.oracles[0]?.url);
    for (const { local_url, url } of ready.oracles) {
      expect((await fetch(`${local_url}/readyz`)).status).toBe(200);
      const metadata = await fetch(`${url}/.well-known/oauth-authorization-server`);
      expect(await metadata.json()).toMatchObject({ issuer: ready.issuer });
    }
  });

  it("keeps everything for its user alone", () => {
    const modes = (path: string): number[] => [
      statSync(path).mode & 0o077,
      ...(statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => modes(join(path, name))) : []),
    ];
    expect(new Set(modes(dir))).toEqual(new Set([0]));
  });

  it("is one cluster per directory", async () => {
    const second = await run("dev", "--dir", dir, "--json");
    expect([second.code, second.out]).toEqual([1, ""]);
    expect(JSON.parse(second.err)).toMatchObject({ error: { code: "ERR_STORE_LOCKED" } });
  });

  it("takes an operator's statements, and shows them", async () => {
    const args = ["spiffe://dev.ipse/e2e", "--scope", "read", "--dir", dir, "--json"];
    const made = await run("workload", "create", ...args);
    expect(JSON.parse(made.out)).toEqual({ spiffe_id: args[0], accepted_by: [1, 2, 3, 4], refused_by: [] });
    const foreign = await run("workload", "create", "spiffe://other.test/e2e", "--dir", dir, "--json");
    expect([foreign.code, JSON.parse(foreign.err).error.code]).toEqual([1, "ERR_STATEMENT_PAYLOAD"]);
    const listed = JSON.parse((await run("workload", "list", "--dir", dir, "--json")).out);
    expect(listed).toMatchObject({
      workloads: [{ spiffe_id: args[0], scopes: ["read"] }],
      disputed: [],
      failed: [],
    });
    const byKey = ["--roster", ready.roster, "--operator-key", join(dir, "operator.jwk")];
    const ticket = JSON.parse(
      (await run("ticket", "create", "spiffe://dev.ipse/e2e", ...byKey, "--json")).out,
    );
    expect(ticket.join).toMatch(/^ipse-join:[A-Za-z0-9_-]+$/);
    const typo = await run("ticket", "create", "spiffe://dev.ipse/typo", "--dir", dir, "--json");
    expect([typo.code, JSON.parse(typo.err).error.code]).toEqual([1, "ERR_WORKLOAD_NOT_FOUND"]);
  });

  it("leaves no oracle behind when it is killed, and resumes where it was", async () => {
    cluster.child.kill("SIGKILL");
    await cluster.ended;
    const until = Date.now() + 15_000;
    while (ready.oracles.some(({ pid }) => isAlive(pid)) && Date.now() < until) await sleep(50);
    expect(ready.oracles.filter(({ pid }) => isAlive(pid))).toEqual([]);
    cluster = open();
    const again = JSON.parse(await cluster.firstLine) as Ready;
    expect(again.oracles.map(({ url, local_url }) => [url, local_url])).toEqual(
      ready.oracles.map(({ url, local_url }) => [url, local_url]),
    );
    ready = again;
    const listed = JSON.parse((await run("workload", "list", "--dir", dir, "--json")).out);
    expect(listed.workloads).toHaveLength(1);
  });

  it("goes on without one oracle, and says so", async () => {
    const [victim] = ready.oracles;
    process.kill(victim?.pid ?? 0, "SIGKILL");
    while (isAlive(victim?.pid ?? 0)) await sleep(20);
    const status = await run("status", "--dir", dir, "--json");
    const parsed = JSON.parse(status.out);
    expect([status.code, parsed.ready]).toEqual([0, true]);
    expect(parsed.oracles.map((one: { ready: boolean }) => one.ready)).toEqual([false, true, true, true]);
    const made = await run("workload", "create", "spiffe://dev.ipse/more", "--dir", dir, "--json");
    expect(JSON.parse(made.out)).toMatchObject({ accepted_by: [2, 3, 4], refused_by: [{ oracle: 1 }] });
  });

  it("ends with all its oracles on TERM", async () => {
    cluster.child.kill("SIGTERM");
    const { code } = await cluster.ended;
    expect(code).toBe(0);
    expect(ready.oracles.filter(({ pid }) => isAlive(pid))).toEqual([]);
  });
});
