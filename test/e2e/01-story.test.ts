import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../src/processes/index.ts";
import { parseOptions } from "../src/story/options.ts";
import type { StoryResult } from "../src/story/result.ts";
import { FULL } from "./support/full.ts";

const STORY = join(import.meta.dirname, "../dist/story/main.js");

/** The story's temporary files all go here, so that what is left behind shows. */
let temp: string;

interface Told {
  readonly child: ChildProcess;
  readonly exited: Promise<number | string>;
  stdout(): string;
  stderr(): string;
}

function tell(...args: string[]): Told {
  const env = { ...process.env, TMPDIR: temp };
  const child = spawn(process.execPath, [STORY, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const text = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (text.err += chunk.toString()));
  const exited = new Promise<number | string>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal ?? "?"));
  });
  return { child, exited, stdout: () => text.out, stderr: () => text.err };
}

/** Processes whose command line names the story's directory: its oracles and agents. */
function left(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return [];
      }
    })
    .filter((line) => line.includes(temp));
}

beforeEach(() => {
  temp = mkdtempSync(join(tmpdir(), "ipse-"));
});
afterEach(() => {
  rmSync(temp, { recursive: true, force: true });
});

const EXPECTED = {
  story: "clone-detected",
  oracles: 4,
  quorum: 3,
  token: { issued: true, resource_status: 200 },
  clone: {
    detected: true,
    detection_ms: expect.toSatisfy((ms: number) => ms >= 0),
    signatures_obtained: expect.toSatisfy(Number.isSafeInteger),
  },
  evidence: { verified: true, bytes: expect.toSatisfy((bytes: number) => bytes > 500) },
  after: {
    original_sign: "revoked",
    clone_sign: "revoked",
    token: "refused",
    introspection_active: false,
    resource_status: 401,
  },
};

describe("npm start", () => {
  it("ends with the one line of JSON, exit 0, and nothing left", { timeout: 180_000 }, async () => {
    const story = tell("--json");
    expect([await story.exited, story.stderr()]).toEqual([
      0,
      expect.stringContaining("nothing but the roster"),
    ]);
    const lines = story.stdout().trimEnd().split("\n");
    expect(lines).toHaveLength(1);
    const result = JSON.parse(lines[0] ?? "") as StoryResult;
    expect(result).toEqual(EXPECTED);
    expect(JSON.stringify(result)).toBe(lines[0]);
    expect(Object.keys(result)).toEqual(Object.keys(EXPECTED));
    expect(story.stderr()).not.toContain("\x1b");
    expect([readdirSync(temp), left()]).toEqual([[], []]);
  });

  const moments = [
    ["SIGTERM", 143, "The oracles"],
    ["SIGINT", 130, "an agent enrolled"],
  ] as const;
  it.each(FULL ? moments : moments.slice(0, 1))("leaves nothing after %s", async (name, code, when) => {
    if (!FULL && name !== "SIGTERM") return expect(name).toBe("SIGINT");
    const story = tell();
    await until(() => story.stdout().includes(when) && left().length >= 5, { what: "the story to begin" });
    story.child.kill(name);
    expect(await story.exited).toBe(code);
    expect([readdirSync(temp), left()]).toEqual([[], []]);
  });

  it("takes its processes along when it is killed", async () => {
    const story = tell();
    await until(() => readdirSync(temp).length > 0 && left().length >= 5, { what: "oracles" });
    story.child.kill("SIGKILL");
    expect(await story.exited).toBe("SIGKILL");
    await until(() => left().length === 0, { what: "the end of all processes" });
  });

  it.runIf(FULL)("fails, and leaves nothing, when its cluster dies in the middle", async () => {
    const story = tell("--json");
    await until(() => story.stderr().includes("its agent runs"), { what: "the agent" });
    const [dev] = readdirSync("/proc").filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return line.includes(temp) && line.includes("\0dev\0");
      } catch {
        return false;
      }
    });
    process.kill(Number(dev), "SIGKILL");
    expect(await story.exited).toBe(1);
    expect(story.stdout()).toBe("");
    expect(story.stderr()).toContain("ERR_STORY");
    await until(() => left().length === 0, { what: "the end of all processes" });
    expect(readdirSync(temp)).toEqual([]);
  });

  it("reads its flags also where npm hides them, and refuses others", async () => {
    expect(parseOptions([], {})).toEqual({ json: false, stay: false, help: false });
    expect(parseOptions(["--json", "--stay"], {})).toEqual({ json: true, stay: true, help: false });
    expect(parseOptions([], { npm_config_json: "true" }).json).toBe(true);
    const story = tell("--jsn");
    expect(await story.exited).toBe(2);
    expect(story.stderr()).toContain("--jsn");
  });
});
