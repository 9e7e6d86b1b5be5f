import { parseArgs } from "node:util";
import { IpseError } from "@ipse/protocol";
import type { ArgsDef } from "citty";

/** A mistake on the command line: exit 2. */
export function usageError(message: string): IpseError {
  return new IpseError("ERR_USAGE", message);
}

function optionsOf(args: ArgsDef): NonNullable<Parameters<typeof parseArgs>[0]>["options"] {
  const options: Record<string, { type: "boolean" | "string" }> = {};
  for (const [name, arg] of Object.entries(args)) {
    options[name] = { type: arg.type === "boolean" ? "boolean" : "string" };
    if (arg.type === "boolean" && arg.default === true) options[`no-${name}`] = { type: "boolean" };
  }
  return options;
}

/** A flag that may stand several times carries `multiple: true` beside what citty knows. */
function isRepeatable(args: ArgsDef, name: string): boolean {
  const arg = Object.hasOwn(args, name) ? args[name] : undefined;
  return arg !== undefined && "multiple" in arg && arg.multiple === true;
}

/** Every value of a flag that may stand several times, in their order. */
export function valuesOf(args: ArgsDef, raw: readonly string[], name: string): string[] {
  return parseLoose(args, raw).tokens.flatMap((token) =>
    token.kind === "option" && token.name === name && token.value !== undefined ? [token.value] : [],
  );
}

/**
 * Refuses what citty would let pass: unknown flags, flags without their value, stray words, a flag twice. The
 * message never repeats a value, which could be a join URI.
 */
export function checkArgs(args: ArgsDef, raw: readonly string[]): void {
  const { tokens } = parseLoose(args, raw);
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind === "positional") throw usageError("this command takes no words beside its flags");
    if (token.kind !== "option") continue;
    const known = Object.hasOwn(optionsOf(args) ?? {}, token.name);
    if (!known) throw usageError(`unknown flag ${token.rawName}`);
    if (seen.has(token.name) && !isRepeatable(args, token.name))
      throw usageError(`${token.rawName} stands twice`);
    seen.add(token.name);
    checkValue(args, token.name, token.rawName, token.value);
  }
}

function parseLoose(args: ArgsDef, raw: readonly string[]) {
  return parseArgs({
    args: [...raw],
    options: optionsOf(args) ?? {},
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
}

function checkValue(args: ArgsDef, name: string, rawName: string, value: string | undefined): void {
  const isBoolean = args[name] === undefined || args[name].type === "boolean";
  if (isBoolean && value !== undefined) throw usageError(`${rawName} takes no value`);
  if (!isBoolean && (value === undefined || value === "")) throw usageError(`${rawName} needs a value`);
}
