import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { toBase64Url } from "@ipse/protocol";
import { describe, expect, it } from "vitest";
import { socketOf } from "../../src/cli/find-agent.ts";
import { readJoinUri } from "../../src/cli/secret-input.ts";
import { checkArgs } from "../../src/cli/usage.ts";
import { verifyCommand } from "../../src/cli/verbs/identity.ts";
import { OUTCOMES, outcomeOf, sentenceOf } from "../../src/outcome.ts";
import { tempDir } from "../tools/temp-dir.ts";

const args = {
  dir: { type: "string" },
  dpop: { type: "boolean", default: true },
  json: { type: "boolean", default: false },
} as const;
const usage = expect.objectContaining({ code: "ERR_USAGE" });

describe("flags", () => {
  it.each([[["--dir", "x", "--json"]], [["--dir=x"]], [["--no-dpop"]], [["--dir", "-"]], [[]]])(
    "accepts %j",
    (raw) => {
      expect(() => checkArgs(args, raw)).not.toThrow();
    },
  );

  it.each([
    [["--dri", "x"]],
    [["-d", "x"]],
    [["word"]],
    [["--dir"]],
    [["--dir="]],
    [["--dir", "x", "--dir", "y"]],
    [["--json=true"]],
    [["--no-json"]],
    [["--", "x"]],
  ])("refuses %j", (raw) => {
    expect(() => checkArgs(args, raw)).toThrow(usage);
  });

  it("never repeats a value", () => {
    const secret = "ipse-join:secret";
    for (const raw of [[secret], ["--dri", secret], [`--dri=${secret}`], [`--json=${secret}`]])
      expect(() => checkArgs(args, raw)).toThrow(expect.not.stringContaining("secret"));
  });
});

describe("the join URI", () => {
  it("comes from a flag, a file or the environment", () => {
    const file = join(tempDir(), "join");
    writeFileSync(file, "from-file");
    expect(readJoinUri({ join: "from-flag" }, {})).toBe("from-flag");
    expect(readJoinUri({ joinFile: file }, {})).toBe("from-file");
    expect(readJoinUri({}, { IPSE_JOIN_URI: "from-env" })).toBe("from-env");
    expect(readJoinUri({ join: "from-flag" }, { IPSE_JOIN_URI: "from-env" })).toBe("from-flag");
  });

  it("must come from somewhere, and from one place", () => {
    expect(() => readJoinUri({}, {})).toThrow(usage);
    expect(() => readJoinUri({ join: "a", joinFile: "b" }, {})).toThrow(usage);
    const absent = expect.objectContaining({ code: "ERR_INPUT_FILE" });
    expect(() => readJoinUri({ joinFile: "/does/not/exist" }, {})).toThrow(absent);
  });
});

describe("the agent's place", () => {
  it("is --socket, else --dir, else the environment", () => {
    const env = { IPSE_AGENT_SOCKET: "/env.sock" };
    expect(socketOf({ dir: "/d", socket: "/s.sock" }, env)).toBe("/s.sock");
    expect(socketOf({ dir: "/d" }, env)).toBe("/d/agent.sock");
    expect(socketOf({}, env)).toBe("/env.sock");
    expect(() => socketOf({}, {})).toThrow(usage);
    expect(() => socketOf({ dir: `/${"d".repeat(120)}` }, {})).toThrow(
      expect.objectContaining({ code: "ERR_SOCKET_PATH" }),
    );
  });
});

describe("exit codes", () => {
  it.each([
    ["ERR_INTERNAL", 1],
    ["ERR_AGENT_RUNNING", 1],
    ["ERR_STATE_CORRUPT", 1],
    ["ERR_STATE_DISK_FULL", 1],
    ["ERR_TICKET_USED", 1],
    ["ERR_USAGE", 2],
    ["ERR_JOIN_URI", 2],
    ["ERR_STATE_NEWER", 2],
    ["ERR_SOCKET_PATH", 2],
    ["ERR_NOT_ENROLLED", 2],
    ["ERR_INSTANCE_REVOKED", 3],
    ["ERR_INSTANCE_ENDED", 3],
    ["ERR_INSTANCE_QUARANTINED", 4],
    ["ERR_INSTANCE_STALE", 4],
    ["ERR_QUORUM_UNREACHABLE", 5],
    ["ERR_POLICY_RAW", 6],
    ["ERR_ASSERTION_RESOURCE", 6],
    ["ERR_OAUTH_INVALID_SCOPE", 6],
    ["toString", 1],
  ])("%s: %d", (code, exit) => {
    expect(OUTCOMES[outcomeOf(code)].exit).toBe(exit);
    expect(sentenceOf(code)).not.toBe("");
  });
});

const withoutOpenssl = spawnSync("openssl", ["version"]).status !== 0;

describe("the verify command", () => {
  it.skipIf(withoutOpenssl)("verifies with openssl, and fails for another file", () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const cwd = tempDir();
    writeFileSync(join(cwd, "message"), "hello");
    writeFileSync(join(cwd, "other"), "hallo");
    const SIGNATURE = toBase64Url(new Uint8Array(sign(null, Buffer.from("hello"), privateKey)));
    const command = verifyCommand(publicKey.export({ type: "spki", format: "pem" }).toString());
    const run = (FILE: string) =>
      execFileSync("sh", ["-c", command], {
        cwd,
        env: { PATH: process.env["PATH"], FILE, SIGNATURE },
        stdio: "pipe",
      });
    expect(run("message").toString()).toContain("Verified Successfully");
    expect(() => run("other")).toThrow();
  });
});
