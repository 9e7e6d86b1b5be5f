import { compare, duration } from "../compare/compare.ts";
import { ATTACK_NAMES, MODELS } from "../compare/params.ts";
import { integer, parse, text } from "./options.ts";
import { columns, print, printJson } from "./output.ts";

export const compareHelp = `ipse-sim compare [--runs N] [--seed S] [--json]

Plays five thefts against twelve other ways to authenticate a workload, and against Ipse.
For each: how long the thief can use what it took (p50 / p99), whether it is found, what ends it.`;

export function compareVerb(args: readonly string[]): number {
  const { values } = parse(args, { runs: { type: "string" }, seed: { type: "string" } });
  if (values["help"] === true) {
    print(compareHelp);
    return 0;
  }
  const seed = text(values, "seed", "1");
  const runs = integer(values, "runs", 400, 1, 100_000);
  const rows = compare(seed, runs);
  if (values["json"] === true) {
    printJson({ seed, runs, models: rows, parameters: MODELS });
    return 0;
  }
  for (const row of rows) {
    print(`\n${row.name}`);
    const lines = row.cells.map((one) => [
      `  ${ATTACK_NAMES[one.attack]}`,
      `usable ${duration(one.usable_p50_ms)} / ${duration(one.usable_p99_ms)}`,
      one.detected_share > 0
        ? `found ${Math.round(one.detected_share * 100)} % after ${duration(one.detected_p50_ms)}`
        : "not found",
      `ended by ${one.ends_by}`,
    ]);
    for (const line of columns(lines)) print(line);
  }
  print(`\nParameters and their sources:`);
  for (const line of columns(MODELS.map(({ name, source }) => [`  ${name}`, source]))) print(line);
  return 0;
}
