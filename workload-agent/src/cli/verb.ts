import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs } from "citty";
import { printReport, type Report } from "./output.ts";
import { valuesOf } from "./usage.ts";

const json = { type: "boolean", default: false, description: "Print one JSON object" } as const;

export interface VerbDef<T extends ArgsDef> {
  readonly name: string;
  readonly description: string;
  readonly args: T;
  /** Does the work; what it returns is printed. `all` gives every value of a flag that may stand several times. */
  run(args: ParsedArgs<T>, all: (flag: string) => string[]): Promise<Report | undefined>;
}

/** A command with `--json` and one way to print. */
export function verb<const T extends ArgsDef>(def: VerbDef<T>): CommandDef {
  const args = { ...def.args, json } as T & { json: typeof json };
  const command = defineCommand({
    meta: { name: def.name, description: def.description },
    args,
    run: async ({ args: parsed, rawArgs }) => {
      const all = (flag: string) => valuesOf(args, rawArgs, flag);
      const report = await def.run(parsed as unknown as ParsedArgs<T>, all);
      if (report !== undefined) printReport(report, parsed["json"] === true);
    },
  });
  return command as unknown as CommandDef;
}
