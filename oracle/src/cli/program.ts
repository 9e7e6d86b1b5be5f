import { Command, CommanderError } from "commander";
import { VERSION } from "../version.ts";
import { devVerb } from "./dev.ts";
import { doctorVerb } from "./doctor.ts";
import { evidenceVerbs } from "./evidence.ts";
import { fenceVerb } from "./fence.ts";
import { initVerb } from "./init.ts";
import { instanceVerbs } from "./instance.ts";
import { issuerVerbs } from "./issuer.ts";
import { jwksVerbs } from "./jwks.ts";
import { EXIT, failureOf, printFailure } from "./output.ts";
import { resourceVerbs } from "./resource.ts";
import { rosterVerbs } from "./roster.ts";
import { runVerb } from "./run.ts";
import { statusVerb } from "./status.ts";
import { storeVerbs } from "./store.ts";
import { ticketVerbs } from "./ticket.ts";
import { workloadVerbs } from "./workload.ts";

function buildProgram(): Command {
  const program = new Command("ipse-oracle")
    .description("An Ipse identity oracle, and the commands of its operators")
    .exitOverride()
    .version(VERSION, "--version", "print the version")
    .configureOutput({ writeErr: () => {} })
    .showSuggestionAfterError(true)
    .allowExcessArguments(false);
  const verbs = [
    devVerb,
    initVerb,
    runVerb,
    fenceVerb,
    statusVerb,
    rosterVerbs,
    storeVerbs,
    workloadVerbs,
    resourceVerbs,
    ticketVerbs,
    instanceVerbs,
    evidenceVerbs,
    issuerVerbs,
    jwksVerbs,
    doctorVerb,
  ];
  for (const define of verbs) define(program);
  return program;
}

/** A usage error of the parser: its message without the prefix it brings. */
function usageFailure(error: CommanderError): { code: string; message: string; exit: number } {
  const message = error.message
    .replace(/^error: /, "")
    .replaceAll("\n", " ")
    .trim();
  return {
    code: "ERR_USAGE",
    message: message === "(outputHelp)" ? "a command is missing; see --help" : message,
    exit: EXIT.usage,
  };
}

/** Runs one command; returns its exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  const json = args.includes("--json");
  const program = buildProgram();
  try {
    if (args.length === 0) program.help({ error: true });
    process.exitCode = EXIT.ok;
    await program.parseAsync([...args], { from: "user" });
    return Number(process.exitCode);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const failure = error instanceof CommanderError ? usageFailure(error) : failureOf(error);
    printFailure(failure, json);
    return failure.exit;
  }
}
