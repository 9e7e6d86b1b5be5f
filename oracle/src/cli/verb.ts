import { IpseError } from "@ipse/protocol";
import { type Command, InvalidArgumentError } from "commander";
import { EXIT } from "./output.ts";

/** What every verb accepts. */
export interface CommonOptions {
  readonly json?: boolean;
}

/** Collects a repeated option. */
export function each(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** Reads an integer within bounds. */
export function integer(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = /^[0-9]{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`expected an integer from ${min} to ${max}`);
  };
}

/** Reads one of the given words. */
export function oneOf<const W extends readonly string[]>(words: W): (value: string) => W[number] {
  return (value) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`expected one of: ${words.join(", ")}`);
  };
}

/** A group of verbs: alone, or with a word that is none of them, it fails and names them. */
export function group(parent: Command, name: string, description: string): Command {
  const made = parent.command(name).description(description);
  made.action((_options, command: Command) => {
    const word = command.args.find((one) => !one.startsWith("-"));
    const verbs = command.commands.map((one) => one.name()).join(", ");
    const what = word === undefined ? "a command is missing" : `unknown command '${name} ${word}'`;
    throw new IpseError("ERR_USAGE", `${what}; ${name} takes: ${verbs}`);
  });
  return made.allowExcessArguments(true).allowUnknownOption(true);
}

/** A verb with --json. What `run` returns is the exit code; undefined is 0. */
export function verb<O extends CommonOptions>(
  parent: Command,
  usage: string,
  description: string,
  define: (command: Command) => Command,
  run: (args: readonly string[], options: O) => Promise<number | undefined>,
): void {
  const command = define(parent.command(usage).description(description))
    .option("--json", "print one JSON object")
    .allowExcessArguments(false);
  command.action(async () => {
    process.exitCode = (await run(command.processedArgs as string[], command.opts<O>())) ?? EXIT.ok;
  });
}
