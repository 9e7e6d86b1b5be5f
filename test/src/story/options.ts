import { parseArgs } from "node:util";

export interface StoryOptions {
  readonly json: boolean;
  readonly stay: boolean;
  readonly help: boolean;
}

export const HELP = `Usage: npm start -- [--json] [--stay]

Four oracles, one workload, and a copy of its state directory that gets caught.

  --json  one JSON object as the last line of standard output; the timeline goes to standard error
  --stay  keep everything running afterwards, with commands to play with
  --help  show this
`;

/** npm keeps flags that stand before the two dashes to itself, and tells of them in the environment. */
function fromNpm(name: string, env: NodeJS.ProcessEnv): boolean {
  return env[`npm_config_${name}`] === "true";
}

/** Reads the command line. Throws a TypeError in one sentence for what it does not know. */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): StoryOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: "boolean" }, stay: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  const { json = false, stay = false, help = false } = values;
  return { json: json || fromNpm("json", env), stay: stay || fromNpm("stay", env), help };
}
