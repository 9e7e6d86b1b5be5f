import { type ParseArgsConfig, parseArgs } from "node:util";
import { SimError } from "../core/index.ts";

export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** Parses options strictly: what is unknown is an error that names it. */
export function parse(
  args: readonly string[],
  options: NonNullable<ParseArgsConfig["options"]>,
): { values: Values; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { json: { type: "boolean" }, help: { type: "boolean" }, ...options },
      allowPositionals: true,
      strict: true,
    });
    return { values: values as Values, positionals };
  } catch (error) {
    const message = error instanceof Error ? (error.message.split(/\. |\n/)[0] ?? "") : String(error);
    throw new SimError("ERR_SIM_OPTION", message);
  }
}

/** A whole number within bounds. Throws SimError naming the option. */
export function integer(values: Values, name: string, fallback: number, min: number, max: number): number {
  const raw = values[name];
  if (raw === undefined) return fallback;
  const value = Number(raw);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new SimError(
      "ERR_SIM_OPTION",
      `--${name} must be a whole number from ${min} to ${max}, not ${String(raw)}`,
    );
  return value;
}

export function text(values: Values, name: string, fallback: string): string {
  const raw = values[name];
  return typeof raw === "string" ? raw : fallback;
}

export function oneOf<const T extends string>(
  values: Values,
  name: string,
  allowed: readonly T[],
  fallback: T,
): T {
  const raw = text(values, name, fallback);
  const found = allowed.find((one) => one === raw);
  if (found === undefined)
    throw new SimError("ERR_SIM_OPTION", `--${name} must be one of ${allowed.join(", ")}, not ${raw}`);
  return found;
}
