import { stripVTControlCharacters } from "node:util";
import { type ArgsDef, type CommandDef, defineCommand, renderUsage, runCommand } from "citty";
import { restrictUmask } from "../state/directory.ts";
import { VERSION } from "../version.ts";
import { printError } from "./output.ts";
import { checkArgs, usageError } from "./usage.ts";

/** Loaded when they are used: a verb should not wait for what another one needs. */
const verbs: Readonly<Record<string, () => Promise<CommandDef>>> = {
  enroll: async () => (await import("./verbs/enroll.ts")).enrollVerb,
  run: async () => (await import("./verbs/run.ts")).runVerb,
  status: async () => (await import("./verbs/status.ts")).statusVerb,
  identity: async () => (await import("./verbs/identity.ts")).identityVerb,
  sign: async () => (await import("./verbs/sign.ts")).signVerb,
  assertion: async () => (await import("./verbs/assertion.ts")).assertionVerb,
  token: async () => (await import("./verbs/token.ts")).tokenVerb,
  attest: async () => (await import("./verbs/attest.ts")).attestVerb,
  "verify-attestation": async () => (await import("./verbs/verify-attestation.ts")).verifyAttestationVerb,
  proxy: async () => (await import("./verbs/proxy.ts")).proxyVerb,
  "http-signature": async () => (await import("./verbs/http-signature.ts")).httpSignatureVerb,
  wimse: async () => (await import("./verbs/wimse.ts")).wimseVerb,
  leave: async () => (await import("./verbs/leave.ts")).leaveVerb,
  doctor: async () => (await import("./verbs/doctor.ts")).doctorVerb,
};

const program = defineCommand({
  meta: {
    name: "ipse-agent",
    version: VERSION,
    description: "Gives a workload its Ipse identity: signatures, assertions and tokens",
  },
  subCommands: { ...verbs },
});

/** Usage for a terminal in color, for everything else as plain text. */
async function printUsage(command: CommandDef, parent?: CommandDef): Promise<void> {
  const text = await renderUsage(command, parent);
  process.stdout.write(`${process.stdout.isTTY ? text : stripVTControlCharacters(text)}\n`);
}

const isHelp = (arg: string | undefined): boolean => arg === "--help" || arg === "-h";

/** Runs one command line; the process exits by itself when nothing is left to do. */
async function main(argv: readonly string[]): Promise<void> {
  const [name, ...rest] = argv;
  if (isHelp(name)) {
    await printUsage(program as CommandDef);
    return;
  }
  if (name === "--version") {
    process.stdout.write(`${VERSION}\n`);
    return;
  }
  if (name === undefined) throw usageError("which command? ipse-agent --help lists them");
  const load = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (load === undefined) throw usageError("no such command; ipse-agent --help lists them");
  const verb = await load();
  if (rest.some(isHelp)) {
    await printUsage(verb, program as CommandDef);
    return;
  }
  checkArgs((await verb.args) as ArgsDef, rest);
  try {
    await runCommand(verb, { rawArgs: rest });
  } catch (error) {
    // citty's own complaints (a required flag is missing) are the user's to mend; they name flags, not values.
    if (error instanceof Error && error.name === "CLIError")
      throw usageError(stripVTControlCharacters(error.message));
    throw error;
  }
}

restrictUmask();
main(process.argv.slice(2)).catch((error: unknown) => {
  process.exitCode = printError(error, process.argv.includes("--json"));
});
