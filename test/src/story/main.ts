import {
  endLifetime,
  killDaemons,
  killVerbs,
  makeTempDir,
  removeTempDir,
  stopDaemons,
} from "../processes/index.ts";
import { HELP, parseOptions, type StoryOptions } from "./options.ts";
import { type ProtectedApi, startProtectedApi } from "./protected-api.ts";
import { broken } from "./result.ts";
import { playWith } from "./stay.ts";
import { tell } from "./tell.ts";
import { Timeline } from "./timeline.ts";

/** Somebody wants the story to end. */
class Interrupted extends Error {
  readonly exitCode: number;

  constructor(name: string, number: number) {
    super(`interrupted (${name})`);
    this.exitCode = 128 + number;
  }
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Rejects when a signal arrives, or when nobody reads our output any more. */
function interruption(): Promise<never> {
  const interrupted = new Promise<never>((_resolve, reject) => {
    for (const [name, number] of Object.entries(SIGNALS))
      process.on(name, () => reject(new Interrupted(name, number)));
    for (const stream of [process.stdout, process.stderr])
      stream.on("error", () => reject(new Interrupted("SIGPIPE", 13)));
  });
  interrupted.catch(() => undefined);
  return interrupted;
}

/** Everything the story made: processes, listener, directory. */
async function cleanUp(dir: string, api: ProtectedApi | undefined): Promise<void> {
  endLifetime();
  killVerbs();
  await stopDaemons();
  await api?.close();
  removeTempDir(dir);
}

async function play(options: StoryOptions, dir: string, stop: Promise<never>): Promise<number> {
  const timeline = new Timeline(options.json ? process.stderr : process.stdout, process.env);
  const api = await startProtectedApi();
  try {
    const { result, stage } = await Promise.race([tell(dir, timeline, api), stop]);
    const problems = broken(result);
    for (const problem of problems) timeline.alarm(`it did not hold: ${problem}`);
    if (problems.length === 0) timeline.text("\nThe copy was noticed, proven and locked out.");
    if (options.stay) timeline.text(playWith(stage));
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    // Whoever ends it now has seen all of it.
    if (options.stay) await stop.catch(() => undefined);
    return problems.length === 0 ? 0 : 1;
  } finally {
    timeline.quiet();
    await timeline.during("stopping all processes", () => cleanUp(dir, api));
  }
}

function fail(error: unknown, json: boolean): number {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Interrupted ? "ERR_INTERRUPTED" : "ERR_STORY";
  process.stderr.write(json ? `${JSON.stringify({ error: { code, message } })}\n` : `story: ${message}\n`);
  return error instanceof Interrupted ? error.exitCode : 1;
}

async function main(): Promise<number> {
  let options: StoryOptions;
  try {
    options = parseOptions(process.argv.slice(2), process.env);
  } catch (error) {
    process.stderr.write(`story: ${error instanceof Error ? error.message : "bad usage"}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  process.umask(0o077);
  const stop = interruption();
  const dir = makeTempDir("story");
  // The last resort, for what no handler saw coming.
  process.on("exit", () => {
    killDaemons();
    removeTempDir(dir);
  });
  try {
    return await play(options, dir, stop);
  } catch (error) {
    return fail(error, options.json);
  }
}

process.exitCode = await main();
// A story that was interrupted still hangs somewhere in its middle.
process.exit();
