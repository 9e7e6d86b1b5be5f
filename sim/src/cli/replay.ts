import { existsSync, readFileSync } from "node:fs";
import { type RunResult, runOne, shrink } from "../campaign/index.ts";
import { groupOf } from "../campaign/work.ts";
import { SimError } from "../core/index.ts";
import { findScenario } from "./find.ts";
import { oneOf, parse } from "./options.ts";
import { print, printJson } from "./output.ts";

export const replayHelp = `ipse-sim replay SCENARIO:SEED | RESULT.json  [--shrink] [--crypto symbolic|real]
             [--keys dealer|ceremony] [--json]

Runs one seed again with a line per transition. RESULT.json is what run --out wrote: its first failure is taken.
--shrink looks for a shorter schedule that fails in the same way.`;

function subjectOf(argument: string): { scenario: string; seed: string } {
  if (existsSync(argument)) {
    const parsed: unknown = JSON.parse(readFileSync(argument, "utf8"));
    const failures = (parsed as { failures?: { scenario: string; seed: string }[] }).failures;
    const [first] = failures ?? [];
    if (first === undefined) throw new SimError("ERR_SIM_TRACE", `${argument} holds no failure`);
    return first;
  }
  const at = argument.indexOf(":");
  if (at < 1) throw new SimError("ERR_SIM_TRACE", `${argument} is neither a file nor SCENARIO:SEED`);
  return { scenario: argument.slice(0, at), seed: argument.slice(at + 1) };
}

function show(result: RunResult): void {
  for (const line of result.lines) print(line);
  print(
    `\n${result.scenario}:${result.seed}: ${result.code}, expected ${result.expected}; ${result.events} events`,
  );
  if (result.deviation !== undefined) print(`${result.deviation}\n  ${result.problems.join("\n  ")}`);
}

export async function replay(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    shrink: { type: "boolean" },
    crypto: { type: "string" },
    keys: { type: "string" },
  });
  if (values["help"] === true) {
    print(replayHelp);
    return 0;
  }
  const [argument] = positionals;
  if (argument === undefined) throw new SimError("ERR_SIM_TRACE", "which run? SCENARIO:SEED");
  const subject = subjectOf(argument);
  const scenario = findScenario(subject.scenario);
  const group = await groupOf(oneOf(values, "crypto", ["symbolic", "real"], "symbolic"));
  let { seed } = subject;
  let setting = {};
  if (values["shrink"] === true) {
    const shrunk = shrink(scenario, seed, group);
    if (shrunk === undefined) print(`${argument} does not fail; nothing to shrink`);
    else {
      print(
        `shrunk to ${shrunk.result.events} events after ${shrunk.tried} tries: ${shrunk.result.seed} ${JSON.stringify(shrunk.setting)}`,
      );
      ({ seed } = shrunk.result);
      ({ setting } = shrunk);
    }
  }
  const result = runOne(scenario, seed, { group, trace: true, setting });
  if (values["json"] === true) printJson({ ...result, trace: result.trace });
  else show(result);
  return result.deviation === undefined ? 0 : 1;
}
