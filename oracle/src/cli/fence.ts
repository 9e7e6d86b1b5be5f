import type { Command } from "commander";
import { print } from "./output.ts";
import { type CommonOptions, verb } from "./verb.ts";

interface Options extends CommonOptions {
  readonly config: string;
  readonly reason: string;
}

const define = (command: Command): Command =>
  command
    .option("--config <file>", "the stopped oracle's configuration", "oracle.yaml")
    .requiredOption("--reason <text>", 'what happened, e.g. "restored from a backup"');

export function fenceVerb(program: Command): void {
  const description =
    "say that this oracle's store was rolled back: it never votes again under its key (cannot be undone)";
  verb<Options>(program, "fence", description, define, async (_args, { config, reason, json = false }) => {
    const [{ loadConfig }, { fenceOracle }] = await Promise.all([
      import("../config/index.ts"),
      import("../process/index.ts"),
    ]);
    const loaded = loadConfig(config);
    const before = await fenceOracle(loaded, reason);
    const { oracle } = loaded.config;
    const text = before
      ? `oracle ${oracle} was fenced already`
      : `oracle ${oracle} is fenced: it answers reads and counts as down. It returns only as a new member of a new roster.`;
    print(json, { oracle, fenced: true, was_fenced: before }, text);
    return undefined;
  });
}
