import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PARENT_VARIABLE } from "../process/signals.ts";
import type { DevLayout } from "./layout.ts";

const BIN = fileURLToPath(new URL("../../bin/ipse-oracle.js", import.meta.url));
const STOP_MS_MAX = 12_000;

export interface Child {
  readonly id: number;
  readonly pid: number;
  readonly exited: Promise<number | string>;
  isRunning(): boolean;
  stop(): Promise<void>;
}

function exitOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
}

/** The program of an oracle; the path of its configuration is added as `--config FILE`. */
export const ORACLE_PROGRAM: readonly string[] = [BIN, "run"];

/** Starts one oracle as a process of its own; it logs to its directory. */
export function startChild(layout: DevLayout, id: number, program = ORACLE_PROGRAM): Child {
  const log = openSync(layout.logFile(id), "a", 0o600);
  const child = spawn(process.execPath, [...program, "--config", layout.configFile(id)], {
    stdio: ["pipe", log, log],
    env: { ...process.env, [PARENT_VARIABLE]: "1" },
  });
  closeSync(log);
  child.stdin?.on("error", () => {});
  const exited = exitOf(child);
  let running = true;
  void exited.then(() => {
    running = false;
  });
  return {
    id,
    pid: child.pid ?? 0,
    exited,
    isRunning: () => running,
    async stop() {
      if (!running) return;
      child.kill("SIGTERM");
      const kill = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
      await exited;
      clearTimeout(kill);
    },
  };
}

/** The last thing an oracle said, for the person who wonders why it ended. */
export function lastWords(layout: DevLayout, id: number): string {
  try {
    return readFileSync(layout.logFile(id), "utf8").trimEnd().split("\n").at(-1) ?? "";
  } catch {
    return "";
  }
}
