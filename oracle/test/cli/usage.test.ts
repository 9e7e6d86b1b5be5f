import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runCli } from "../../src/cli/program.ts";

/** Runs a command in this process; what it prints and its exit code. */
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: "", err: "" };
  const catching = (into: "out" | "err") => (chunk: unknown) => {
    written[into] += String(chunk);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(catching("out") as never),
    vi.spyOn(process.stderr, "write").mockImplementation(catching("err") as never),
  ];
  try {
    const code = await runCli(args);
    return { code, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
    process.exitCode = undefined;
  }
}

const verbs = [
  "dev",
  "init",
  "run",
  "fence",
  "status",
  "roster create",
  "roster show",
  "roster sign",
  "store check",
  "store migrate",
  "workload create",
  "workload list",
  "workload show",
  "workload delete",
  "resource create",
  "resource list",
  "ticket create",
  "instance list",
  "instance show",
  "instance history",
  "instance revoke",
  "instance quarantine",
  "instance release",
  "instance replace",
  "evidence show",
  "evidence verify",
  "doctor",
];

describe("the oracle's command", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "ipse-cli-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it.each(verbs)("%s explains itself and refuses unknown options", async (name) => {
    const words = name.split(" ");
    const help = await run(...words, "--help");
    expect([help.code, help.err]).toEqual([0, ""]);
    expect(help.out).toContain(`Usage: ipse-oracle ${name}`);
    expect(help.out).toContain("--json");
    const unknown = await run(...words, "--bogus", "--json");
    expect([unknown.code, unknown.out]).toEqual([2, ""]);
    expect(JSON.parse(unknown.err)).toMatchObject({ error: { code: "ERR_USAGE" } });
  });

  it.each([
    ["nothing", []],
    ["an unknown verb", ["conjure"]],
    ["a group alone", ["workload"]],
    ["an unknown verb of a group", ["workload", "conjure"]],
    ["a missing argument", ["workload", "create"]],
    ["an argument too many", ["workload", "list", "x"]],
    ["a number out of range", ["dev", "--oracles", "2"]],
    ["a number that is none", ["dev", "--port", "http"]],
    ["an option without its value", ["workload", "list", "--dir"]],
    ["a choice that is none", ["workload", "create", "spiffe://dev.ipse/a", "--on-stale", "ignore"]],
    ["a missing option", ["evidence", "verify", "file"]],
    ["a directory without a cluster", ["workload", "list", "--dir", "/nonexistent"]],
    ["a roster without a key", ["workload", "list", "--roster", "r.json"]],
    ["a SPIFFE ID that is none", ["workload", "create", "http://x", "--dir", "/nonexistent"]],
    ["a configuration that is not there", ["run", "--config", "/nonexistent/oracle.yaml"]],
    ["a quorum no b goes with", ["dev", "--oracles", "5", "--quorum", "2", "--dir", "/nonexistent/d"]],
  ])("answers %s with exit 2 and one sentence", async (_what, args) => {
    const plain = await run(...args);
    expect([plain.code, plain.out]).toEqual([2, ""]);
    expect(plain.err).toMatch(/^ipse-oracle: .+ \(ERR_[A-Z_]+\)\n$/);
    const { code, err } = await run(...args, "--json");
    expect([code, Object.keys(JSON.parse(err) as object)]).toEqual([2, ["error"]]);
  });

  it("says its version, and which verbs a group has", async () => {
    expect(await run("--version")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    const { err } = await run("store", "conjure");
    expect(err).toContain("unknown command 'store conjure'; store takes: check, migrate");
  });

  it("waits for a cluster no longer than it was told", async () => {
    const { code, err } = await run("status", "--dir", join(dir, "none"), "--wait", "1", "--json");
    expect([code, JSON.parse(err)]).toEqual([2, { error: expect.objectContaining({ code: "ERR_USAGE" }) }]);
  });

  it("makes an oracle, then a roster, and tells a good one from a bad one", async () => {
    const at = (name: string) => join(dir, name);
    for (const id of [1, 2, 3, 4]) {
      const urls = ["--session-url", `https://o${id}.test:7400`, "--oauth-url", `https://o${id}.test`];
      const made = await run("init", "--dir", at(`o${id}`), "--oracle", String(id), ...urls, "--json");
      expect(made.code).toBe(0);
      expect(JSON.parse(made.out)).toMatchObject({ oracle: id, version: 1 });
      expect((await run("init", "--dir", at(`o${id}`), "--oracle", String(id), ...urls)).code).toBe(2);
    }
    const publics = [1, 2, 3, 4].flatMap((id) => ["--public", at(`o${id}/public.json`)]);
    const common = ["--trust-domain", "test.ipse", "--issuer", "https://issuer.test", ...publics];
    const alone = await run(
      "roster",
      "create",
      ...common,
      "--operator-key",
      at("a.jwk"),
      "--out",
      at("r.json"),
      "--json",
    );
    expect(JSON.parse(alone.out)).toMatchObject({
      n: 4,
      q: 3,
      b: 1,
      m: 1,
      signed_by: 1,
      endpoints: 4,
      valid: true,
    });
    const key = JSON.parse((await run("roster", "show", at("r.json"), "--json")).out) as {
      operators: unknown;
    };
    expect(key.operators).toEqual([{ name: "a", roles: ["mint", "contain"] }]);
    const o1 = (name: string) => at(join("o1", name));
    copyFileSync(at("r.json"), o1("roster.json"));
    for (const part of ["crt", "key"]) copyFileSync(o1(`tls.${part}`), o1(`oauth.${part}`));
    const files = async () => {
      const { out } = await run("doctor", "--config", o1("oracle.yaml"), "--json");
      const { findings } = JSON.parse(out) as {
        findings: { check: string; level: string; detail: string }[];
      };
      return findings.find(({ check }) => check === "files");
    };
    expect(await files()).toMatchObject({ level: "ok" });
    for (const part of ["crt", "key"]) copyFileSync(at(`o2/tls.${part}`), o1(`tls.${part}`));
    expect(await files()).toMatchObject({ level: "problem", detail: expect.stringContaining("pins") });
    const three = ["--trust-domain", "test.ipse", "--issuer", "https://issuer.test", ...publics.slice(2)];
    const holes = await run(
      "roster",
      "create",
      ...three,
      "--operator-key",
      at("a.jwk"),
      "--out",
      at("x.json"),
      "--json",
    );
    expect([holes.code, JSON.parse(holes.err.split("\n").at(-2) ?? "").error.code]).toEqual([
      2,
      "ERR_ROSTER_INVALID",
    ]);
  });
});
