import { type ArgsDef, type CommandDef, runCommand } from "citty";
import { vi } from "vitest";
import { checkArgs } from "../../src/cli/usage.ts";

/** Runs a verb in this process as the command line would; what it printed on stdout. */
export async function runVerb(command: CommandDef, rawArgs: string[]): Promise<string> {
  let out = "";
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  try {
    checkArgs((await command.args) as ArgsDef, rawArgs);
    await runCommand(command, { rawArgs });
  } finally {
    spy.mockRestore();
  }
  return out;
}
