import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { SimError } from "../core/index.ts";

/** The programs of the other packages, run as anybody would run them: as processes, by their commands. */
export type Program = "ipse-oracle" | "ipse-agent";

const SHIMS: Readonly<Record<Program, string>> = {
  "ipse-oracle": "oracle/bin/ipse-oracle.js",
  "ipse-agent": "workload-agent/bin/ipse-agent.js",
};

/** Where a program is: in this repository, or installed beside this package. Throws SimError. */
export function locate(program: Program): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const root = join(here, "..", "..", "..");
  const found = [
    join(root, SHIMS[program]),
    join(root, "node_modules", ".bin", program),
    join(root, "..", ".bin", program),
  ].find((path) => existsSync(path));
  if (found === undefined) throw new SimError("ERR_SIM_LIVE", `${program} is not installed beside ipse-sim`);
  return found;
}

/** Runs a verb with --json and returns what it printed; a failure is returned too, as its error object. */
export function ask(
  program: Program,
  args: readonly string[],
  timeoutMs = 30_000,
): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    execFile(
      execPath,
      [locate(program), ...args, "--json"],
      { timeout: timeoutMs, encoding: "utf8" },
      (error, stdout, stderr) => {
        const text = (error === null ? stdout : stderr).trim().split("\n").at(-1) ?? "";
        try {
          resolve(JSON.parse(text) as Record<string, unknown>);
        } catch {
          resolve({
            error: {
              code: "ERR_SIM_LIVE",
              message: text.slice(0, 300) || `${program} ${args.join(" ")} printed nothing`,
            },
          });
        }
      },
    );
  });
}

/** Starts a program that stays, and waits for the line that says it is ready. */
export function start(
  program: Program,
  args: readonly string[],
  ready: (line: string) => boolean,
  timeoutMs = 60_000,
): Promise<{ child: ChildProcess; line: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(execPath, [locate(program), ...args], { stdio: ["pipe", "pipe", "pipe"] });
    let text = "";
    let errors = "";
    const timer = setTimeout(() => {
      child.kill("SIGTERM");
      reject(new SimError("ERR_SIM_LIVE", `${program} did not get ready: ${errors.slice(-300)}`));
    }, timeoutMs);
    const take = (chunk: Buffer): void => {
      text += chunk.toString("utf8");
      const line = text.split("\n").find(ready);
      if (line === undefined) return;
      clearTimeout(timer);
      resolve({ child, line });
    };
    child.stdout.on("data", take);
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString("utf8");
      take(chunk);
    });
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new SimError("ERR_SIM_LIVE", `${program} ended with ${String(code)}: ${errors.slice(-300)}`));
    });
  });
}
