import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { BINS, type Program } from "./bins.ts";
import { checkLifetime } from "./lifetime.ts";

/** A command that prints one JSON line when it is ready, and stays. */
export interface Daemon {
  readonly pid: number;
  /** What it printed when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  readonly exited: Promise<number | NodeJS.Signals>;
  isRunning(): boolean;
  signal(name: NodeJS.Signals): void;
  /** TERM, and KILL where that does not help. Resolves when it is gone. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface DaemonOptions {
  /** Where its standard error goes, appended. */
  readonly logFile: string;
  readonly readyMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

const READY_MS = 90_000;
const STOP_MS = 15_000;
const all = new Set<ChildProcess>();

/** Ends every daemon of this process at once, from an exit handler too. */
export function killDaemons(): void {
  for (const child of all) child.kill("SIGKILL");
}

/** Asks every daemon to stop, and waits until all are gone. */
export async function stopDaemons(): Promise<void> {
  await Promise.all([...all].map((child) => stopChild(child, exitOf(child))));
}

/** TERM, and KILL where that does not help. */
async function stopChild(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (!all.has(child)) return;
  // A stopped process would never see the TERM.
  child.kill("SIGCONT");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await exited;
  clearTimeout(timer);
}

/** The first line of standard output; the rest is thrown away, but read. */
function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      if (text.includes("\n")) return;
      text += chunk.toString();
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
    });
  });
}

function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  return new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (code, signal) => resolve(code ?? signal ?? 127));
  });
}

function handleOf(child: ChildProcess, exited: Daemon["exited"], ready: Daemon["ready"]): Daemon {
  const isRunning = () => all.has(child);
  const signal = (name: NodeJS.Signals): void => void child.kill(name);
  const kill = async (): Promise<void> => {
    signal("SIGKILL");
    await exited;
  };
  const stop = (): Promise<void> => stopChild(child, exited);
  return { pid: child.pid ?? 0, ready, exited, isRunning, signal, stop, kill };
}

/**
 * Starts a command and waits until it is ready. It exits when this process is gone, however that happened: we
 * hold its standard input open. Throws when it ends first, or is not ready in time.
 */
export async function startDaemon(
  program: Program,
  args: readonly string[],
  options: DaemonOptions,
): Promise<Daemon> {
  checkLifetime();
  const { logFile, readyMs = READY_MS, env = {} } = options;
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, [BINS[program], ...args, "--json"], {
    stdio: ["pipe", "pipe", log],
    env: { ...process.env, ...env, IPSE_EXIT_WITH_PARENT: "1" },
  });
  closeSync(log);
  all.add(child);
  child.stdin?.on("error", () => {});
  const exited = exitOf(child);
  void exited.then(() => all.delete(child));
  const name = `${program} ${args[0] ?? ""}`;
  const ended = exited.then((how) => {
    throw new Error(`${name} ended before it was ready (${how}); its log is ${logFile}`);
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} is not ready after ${readyMs} ms`)), readyMs);
  });
  ended.catch(() => undefined);
  try {
    const line = await Promise.race([firstLine(child), ended, late]);
    return handleOf(child, exited, JSON.parse(line) as Daemon["ready"]);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
