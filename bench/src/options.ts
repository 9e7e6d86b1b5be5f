import { parseArgs } from "node:util";

export const PARTS = ["signing", "dkg", "cluster", "growth", "tokens"] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  readonly json: boolean;
  /** Fewer and shorter rounds and smaller stores: shows that everything runs, measures little. */
  readonly quick: boolean;
  readonly parts: readonly Part[];
}

export class UsageError extends Error {}

export const USAGE = `usage: npm run bench -- [--json] [--quick] [--only PART]...   (PART: ${PARTS.join(", ")})`;

function isPart(name: string): name is Part {
  return (PARTS as readonly string[]).includes(name);
}

/** Throws UsageError on anything it does not know. */
export function readOptions(args: readonly string[]): BenchOptions {
  const options = {
    json: { type: "boolean" },
    quick: { type: "boolean" },
    only: { type: "string", multiple: true },
  } as const;
  let values: { json?: boolean; quick?: boolean; only?: string[] };
  try {
    ({ values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false }));
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : "bad flags");
  }
  const only = (values.only ?? []).flatMap((list) => list.split(","));
  const parts = only.map((name) => {
    if (!isPart(name)) throw new UsageError(`there is no part "${name}"`);
    return name;
  });
  return {
    json: values.json === true,
    quick: values.quick === true,
    parts: parts.length === 0 ? PARTS : PARTS.filter((part) => parts.includes(part)),
  };
}
