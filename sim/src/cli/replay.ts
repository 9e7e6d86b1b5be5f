import { existsSync, readFileSync, writeFileSync } from "node:fs";
import {
  linesUntilFailure,
  type RunOptions,
  type RunResult,
  runOne,
  type Schedule,
  type Shrunk,
  shrink,
} from "../campaign/index.ts";
import { groupOf } from "../campaign/work.ts";
import { CONTROLS, type Control } from "../controls/index.ts";
import { SimError } from "../core/index.ts";
import type { Scenario } from "../scenarios/index.ts";
import { findScenario } from "./find.ts";
import { oneOf, parse, text } from "./options.ts";
import { print, printJson } from "./output.ts";

export const replayHelp = `ipse-sim replay SCENARIO:SEED | RESULT.json | SCHEDULE.json  [--shrink [--out SCHEDULE.json]]
             [--control NAME] [--crypto symbolic|real] [--keys dealer|ceremony] [--json]

Runs one seed again with a line per transition. RESULT.json is what run --out wrote: its first failure is taken.
--shrink looks for a shorter schedule that fails in the same way: a simpler world, another seed, then single faults,
frames and moves are left out until none can go; --out keeps what it found, to be replayed. --control NAME runs a
negative control's broken build; its scenario need not be named (control:SEED).`;

function readSubject(file: string): Schedule {
  let parsed: Partial<Schedule> & { failures?: { scenario: string; seed: string }[] };
  try {
    parsed = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new SimError("ERR_SIM_TRACE", `${file} is not JSON`);
  }
  const { scenario, seed, setting, without, control, failures } = parsed;
  if (typeof scenario === "string" && typeof seed === "string")
    return {
      scenario,
      seed,
      setting: setting ?? {},
      without: without ?? [],
      ...(control === undefined ? {} : { control }),
    };
  const [first] = failures ?? [];
  if (first === undefined) throw new SimError("ERR_SIM_TRACE", `${file} holds no failure and no schedule`);
  return { ...first, setting: {}, without: [] };
}

function subjectOf(argument: string): Schedule {
  if (existsSync(argument)) return readSubject(argument);
  const at = argument.indexOf(":");
  if (at < 1) throw new SimError("ERR_SIM_TRACE", `${argument} is neither a file nor SCENARIO:SEED`);
  return { scenario: argument.slice(0, at), seed: argument.slice(at + 1), setting: {}, without: [] };
}

function findControl(name: string): Control | undefined {
  if (name === "") return undefined;
  const found = CONTROLS.find((control) => control.name === name);
  if (found === undefined)
    throw new SimError("ERR_SIM_OPTION", `--control ${name} is none; see ipse-sim list`);
  return found;
}

function show(result: RunResult, untilFailure: boolean): void {
  for (const line of untilFailure ? linesUntilFailure(result) : result.lines) print(line);
  print(
    `\n${result.scenario}:${result.seed}: ${result.code}, expected ${result.expected}; ${result.events} events`,
  );
  if (result.deviation !== undefined) print(`${result.deviation}\n  ${result.problems.join("\n  ")}`);
}

function tell({ result, decisionsBefore, tried, setting }: Shrunk, scenario: Scenario): void {
  const kinds = new Map<string, number>();
  for (const name of result.decisions) {
    const kind = name.split(" ")[0] ?? "";
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  const rest = [...kinds].map(([kind, count]) => `${count} ${kind}`).join(", ");
  print(
    `shrunk after ${tried} runs: ${decisionsBefore} faults, deliveries and moves -> ${result.decisions.length} (${rest})`,
  );
  print(`${scenario.name}:${result.seed} ${JSON.stringify(setting)}\n`);
}

export async function replay(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    shrink: { type: "boolean" },
    out: { type: "string" },
    control: { type: "string" },
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
  const control = findControl(text(values, "control", subject.control ?? ""));
  const scenario = control?.scenario ?? findScenario(subject.scenario);
  const group = await groupOf(oneOf(values, "crypto", ["symbolic", "real"], "symbolic"));
  const keys = oneOf(values, "keys", ["dealer", "ceremony"], subject.setting.keys ?? "dealer");
  const base: RunOptions = { group, ...(control === undefined ? {} : { control: control.apply }) };
  const setting = { ...control?.setting, ...subject.setting, keys };
  let schedule: Schedule = { ...subject, scenario: scenario.name, setting };
  if (control !== undefined) schedule = { ...schedule, control: control.name };
  const json = values["json"] === true;
  const wanted = values["shrink"] === true;
  if (wanted) {
    const shrunk = shrink(scenario, subject.seed, { ...base, setting });
    if (shrunk === undefined) print(`${argument} does not fail; nothing to shrink`);
    else {
      if (!json) tell(shrunk, scenario);
      const { result, without } = shrunk;
      schedule = { ...schedule, seed: result.seed, setting: shrunk.setting, without };
      const out = text(values, "out", "");
      if (out !== "") writeFileSync(out, `${JSON.stringify(schedule)}\n`);
    }
  }
  const without = new Set(schedule.without);
  const result = runOne(scenario, schedule.seed, {
    ...base,
    trace: true,
    setting: schedule.setting,
    without,
    ...(without.size > 0 || wanted ? { wire: false } : {}),
  });
  if (json) printJson({ ...result, schedule });
  else show(result, without.size > 0);
  return result.deviation === undefined ? 0 : 1;
}
