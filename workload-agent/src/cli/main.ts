import { type CommandDef, defineCommand, renderUsage, runCommand } from "citty";
import { restrictUmask } from "../state/directory.ts";
import { VERSION } from "../version.ts";
import { printError } from "./output.ts";
import { usageError } from "./usage.ts";
import { assertionVerb } from "./verbs/assertion.ts";
import { doctorVerb } from "./verbs/doctor.ts";
import { enrollVerb } from "./verbs/enroll.ts";
import { identityVerb } from "./verbs/identity.ts";
import { leaveVerb } from "./verbs/leave.ts";
import { runVerb } from "./verbs/run.ts";
import { signVerb } from "./verbs/sign.ts";
import { statusVerb } from "./verbs/status.ts";
import { tokenVerb } from "./verbs/token.ts";

const verbs: Readonly<Record<string, CommandDef>> = {
  enroll: enrollVerb,
  run: runVerb,
  status: statusVerb,
  identity: identityVerb,
  sign: signVerb,
  assertion: assertionVerb,
  token: tokenVerb,
  leave: leaveVerb,
  doctor: doctorVerb,
};

const program = defineCommand({
  meta: {
    name: "ipse-agent",
    version: VERSION,
    description: "Gives a workload its Ipse identity: signatures, assertions and tokens",
  },
  subCommands: { ...verbs },
});

const isHelp = (arg: string | undefined): boolean => arg === "--help" || arg === "-h";

/** Runs one command line; the process exits by itself when nothing is left to do. */
async function main(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv;
  if (isHelp(name)) {
    process.stdout.write(`${await renderUsage(program as CommandDef)}\n`);
    return;
  }
  if (name === "--version") {
    process.stdout.write(`${VERSION}\n`);
    return;
  }
  if (name === undefined) throw usageError("which command? ipse-agent --help lists them");
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined) throw usageError("no such command; ipse-agent --help lists them");
  if (rest.some(isHelp)) {
    process.stdout.write(`${await renderUsage(verb, program as CommandDef)}\n`);
    return;
  }
  try {
    await runCommand(verb, { rawArgs: rest });
  } catch (error) {
    // citty's own complaints (a required flag is missing) are the user's to mend; they name flags, not values.
    if (error instanceof Error && error.name === "CLIError") throw usageError(error.message);
    throw error;
  }
}

restrictUmask();
main(process.argv.slice(2)).catch((error: unknown) => {
  process.exitCode = printError(error, process.argv.includes("--json"));
});
