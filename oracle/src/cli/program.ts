import { Command, CommanderError } from "commander";
import { VERSION } from "../version.ts";
import { EXIT, failureOf, printFailure } from "./output.ts";

type DefineVerb = (program: Command) => void;

/** Each command in a module of its own, loaded when it is named: most of a short command's time is loading. */
const VERBS: Readonly<Record<string, () => Promise<DefineVerb>>> = {
  dev: async () => (await import("./dev.ts")).devVerb,
  init: async () => (await import("./init.ts")).initVerb,
  run: async () => (await import("./run.ts")).runVerb,
  fence: async () => (await import("./fence.ts")).fenceVerb,
  status: async () => (await import("./status.ts")).statusVerb,
  roster: async () => (await import("./roster.ts")).rosterVerbs,
  store: async () => (await import("./store.ts")).storeVerbs,
  workload: async () => (await import("./workload.ts")).workloadVerbs,
  resource: async () => (await import("./resource.ts")).resourceVerbs,
  ticket: async () => (await import("./ticket.ts")).ticketVerbs,
  instance: async () => (await import("./instance.ts")).instanceVerbs,
  evidence: async () => (await import("./evidence.ts")).evidenceVerbs,
  issuer: async () => (await import("./issuer.ts")).issuerVerbs,
  jwks: async () => (await import("./jwks.ts")).jwksVerbs,
  doctor: async () => (await import("./doctor.ts")).doctorVerb,
};

async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command("ipse-oracle")
    .description("An Ipse identity oracle, and the commands of its operators")
    .exitOverride()
    .version(VERSION, "--version", "print the version")
    .configureOutput({ writeErr: () => {} })
    .showSuggestionAfterError(true)
    .allowExcessArguments(false);
  const [first = ""] = args;
  // Help and a misspelled command need to know all of them.
  const named = Object.hasOwn(VERBS, first) ? [VERBS[first]] : Object.values(VERBS);
  for (const load of named) (await load?.())?.(program);
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
  const program = await buildProgram(args);
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
