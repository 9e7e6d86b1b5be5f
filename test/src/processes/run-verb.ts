import { type ChildProcess, spawn } from "node:child_process";
import { BINS, type Program } from "./bins.ts";
import { checkLifetime } from "./lifetime.ts";

export interface VerbResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly bytes: Buffer;
}

export interface VerbOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** A command that was expected to succeed. */
export class VerbFailed extends Error {
  readonly result: VerbResult;

  constructor(words: readonly string[], result: VerbResult) {
    super(`${words.join(" ")}: exit ${result.code}: ${result.stderr.trim() || "no message"}`);
    this.name = "VerbFailed";
    this.result = result;
  }
}

const TIMEOUT_MS = 120_000;
const running = new Set<ChildProcess>();

/** Ends every command that is under way. */
export function killVerbs(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Runs one command to its end. A command that was killed counts as exit -1. */
export function runVerb(
  program: Program,
  args: readonly string[],
  options: VerbOptions = {},
): Promise<VerbResult> {
  const { cwd, env = {}, timeoutMs = TIMEOUT_MS } = options;
  return new Promise((resolve, reject) => {
    checkLifetime();
    const child = spawn(process.execPath, [BINS[program], ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
      timeout: timeoutMs,
      killSignal: "SIGKILL",
      ...(cwd === undefined ? {} : { cwd }),
    });
    running.add(child);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      running.delete(child);
      const bytes = Buffer.concat(out);
      const stderr = Buffer.concat(err).toString();
      resolve({ code: code ?? -1, stdout: bytes.toString(), stderr, bytes });
    });
  });
}

/** Runs a command with --json that must succeed; resolves with the object it printed. Throws VerbFailed. */
export async function verbJson(
  program: Program,
  args: readonly string[],
  options: VerbOptions = {},
): Promise<Record<string, unknown>> {
  const words = [...args, "--json"];
  const result = await runVerb(program, words, options);
  // What follows the verb may be a join URI.
  if (result.code !== 0) throw new VerbFailed([program, ...args.slice(0, 2)], result);
  return JSON.parse(result.stdout) as Record<string, unknown>;
}

/** The `error.code` of a command that failed with --json; undefined when it said nothing of the kind. */
export function errorCodeOf(result: VerbResult): string | undefined {
  const last = result.stderr.trimEnd().split("\n").at(-1) ?? "";
  try {
    const { error } = JSON.parse(last) as { error?: { code?: string } };
    return error?.code;
  } catch {
    return undefined;
  }
}
