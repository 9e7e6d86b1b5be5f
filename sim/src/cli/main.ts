import process from "node:process";
import { SimError } from "../core/index.ts";
import { compareHelp, compareVerb } from "./compare.ts";
import { exploreHelp, exploreVerb } from "./explore.ts";
import { list, listHelp } from "./list.ts";
import { liveHelp, liveVerb } from "./live.ts";
import { print } from "./output.ts";
import { replay, replayHelp } from "./replay.ts";
import { report, reportHelp } from "./report.ts";
import { run, runHelp } from "./run.ts";

interface Verb {
  readonly help: string;
  readonly run: (args: readonly string[]) => number | Promise<number>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  list: { help: listHelp, run: list },
  run: { help: runHelp, run },
  explore: { help: exploreHelp, run: exploreVerb },
  replay: { help: replayHelp, run: replay },
  report: { help: reportHelp, run: report },
  compare: { help: compareHelp, run: compareVerb },
  live: { help: liveHelp, run: liveVerb },
};

function usage(): string {
  return [
    "ipse-sim: the cloning-attack simulator",
    ...Object.values(VERBS).map(({ help }) => `  ${help.split("\n")[0]}`),
  ].join("\n");
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...args] = argv;
  if (name === undefined || name === "--help" || name === "help") {
    print(usage());
    return name === undefined ? 2 : 0;
  }
  const verb = VERBS[name];
  if (verb === undefined) throw new SimError("ERR_SIM_VERB", `unknown command ${name}; try ipse-sim --help`);
  return verb.run(args);
}

const args = process.argv.slice(2);
main(args)
  .then((code) => {
    process.exitCode = code;
  })
  .catch((error: unknown) => {
    const known = error instanceof SimError;
    const message = error instanceof Error ? error.message : String(error);
    const code = known ? error.code : "ERR_SIM_INTERNAL";
    process.stderr.write(
      args.includes("--json") ? `${JSON.stringify({ error: { code, message } })}\n` : `${code}: ${message}\n`,
    );
    if (!known && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
    process.exitCode = known ? 2 : 1;
  });
