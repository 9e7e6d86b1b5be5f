import { renameSync, writeFileSync } from "node:fs";
import { defaultThreads, percentile, runCampaign, type Tally, tallyJson } from "../campaign/index.ts";
import { CONTROLS, runControl } from "../controls/index.ts";
import { SimError } from "../core/index.ts";
import { SCENARIOS } from "../scenarios/index.ts";
import { findScenario } from "./find.ts";
import { integer, oneOf, parse, text, type Values } from "./options.ts";
import { columns, Progress, print, printJson } from "./output.ts";
import { hrtime, once, residentMb } from "./process.ts";
import { runFile } from "./run-file.ts";

export const runHelp = `ipse-sim run [SCENARIO...] [--all] [--controls] [--file SCENARIO.yaml]
             [--runs N] [--seed S] [--crypto symbolic|real] [--keys dealer|ceremony]
             [--threads N] [--out FILE] [--json]

Plays scenarios from seeds and checks every promise on every state. --keys ceremony: pool keys are made by the
production key generation of all oracles instead of the ideal dealer.
--out is written anew every 30 s; until the end its "runs" are fewer than "planned_runs".
Exit 0 only if nothing was missed, nobody was accused falsely and nothing else was unexpected.`;

function nowMs(): number {
  return Number(hrtime.bigint() / 1000n) / 1000;
}

/** How often a campaign's file is written anew, so that whatever ends it leaves results. */
const SAVE_EVERY_MS = 30_000;

/** Replaces the file as a whole: a reader never sees half of it. */
function save(file: string, json: object): void {
  writeFileSync(`${file}.part`, `${JSON.stringify(json)}\n`);
  renameSync(`${file}.part`, file);
}

function table(tally: Tally): string[] {
  const ms = (value: number | null): string => (value === null ? "-" : `${value}`);
  const rows = Object.values(tally.scenarios).map((one) => [
    one.name,
    one.expected.join("|"),
    Object.entries(one.outcomes)
      .map(([code, runs]) => `${code} ${runs}`)
      .join(", "),
    ms(percentile(one.detection, 0.5)),
    ms(percentile(one.detection, 0.99)),
    ms(percentile(one.detection, 1)),
    String(one.cloneSignaturesMax),
  ]);
  return columns([
    ["scenario", "expected", "outcomes", "p50 ms", "p99 ms", "max ms", "clone signatures max"],
    ...rows,
  ]);
}

function controls(values: Values, seed: string): number {
  const results = CONTROLS.map((control) => runControl(control, seed));
  const missed = results.filter(({ caught }) => !caught);
  if (values["json"] === true) printJson({ seed, controls: results, missed: missed.length });
  else
    for (const line of columns(
      results.map((one) => [one.caught ? "caught" : "MISSED", one.name, one.by ?? ""]),
    ))
      print(line);
  return missed.length === 0 ? 0 : 1;
}

async function campaign(names: readonly string[], values: Values): Promise<number> {
  const seed = text(values, "seed", "1");
  const runs = integer(values, "runs", 20, 1, 10_000_000);
  const threads = integer(values, "threads", defaultThreads(), 1, 64);
  const crypto = oneOf(values, "crypto", ["symbolic", "real"], "symbolic");
  const keys = oneOf(values, "keys", ["dealer", "ceremony"], "dealer");
  const abort = new AbortController();
  const interrupted = (): void => abort.abort();
  once("SIGINT", interrupted);
  once("SIGTERM", interrupted);
  const started = nowMs();
  const bar = new Progress();
  const result = (so: Tally): object =>
    tallyJson(so, seed, (nowMs() - started) / 1000, threads, names.length * runs);
  const out = text(values, "out", "");
  let savedMs = started;
  const tally = await runCampaign({
    scenarios: names,
    seed,
    runs,
    crypto,
    keys,
    threads,
    signal: abort.signal,
    progress: (so, total) => {
      const deviations = so.misses + so.falseRevocations + so.unexpected;
      bar.update(so.runs, total, `${deviations} deviations, ${residentMb()} MB`, nowMs());
      if (out === "" || nowMs() - savedMs < SAVE_EVERY_MS) return;
      savedMs = nowMs();
      save(out, result(so));
    },
  });
  bar.end();
  const seconds = (nowMs() - started) / 1000;
  if (out !== "") save(out, result(tally));
  if (values["json"] === true) printJson(result(tally));
  else {
    for (const line of table(tally)) print(line);
    for (const { scenario, seed: failed, deviation, problems } of tally.failures)
      print(`\n${deviation}: ipse-sim replay ${scenario}:${failed}\n  ${problems.join("\n  ")}`);
    const rate = tally.runs / seconds;
    print(
      `\n${tally.runs} runs in ${seconds.toFixed(1)} s (${rate.toFixed(0)} runs/s, ${(rate / threads).toFixed(0)} per thread); ` +
        `${tally.misses} missed, ${tally.falseRevocations} false revocations, ${tally.unexpected} unexpected`,
    );
    if (abort.signal.aborted) print("interrupted: these are partial results");
  }
  if (abort.signal.aborted) return 130;
  return tally.misses + tally.falseRevocations + tally.unexpected === 0 ? 0 : 1;
}

export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    all: { type: "boolean" },
    controls: { type: "boolean" },
    file: { type: "string" },
    runs: { type: "string" },
    seed: { type: "string" },
    crypto: { type: "string" },
    keys: { type: "string" },
    threads: { type: "string" },
    out: { type: "string" },
  });
  if (values["help"] === true) {
    print(runHelp);
    return 0;
  }
  const seed = text(values, "seed", "1");
  if (values["controls"] === true) return controls(values, seed);
  const file = values["file"];
  if (typeof file === "string")
    return runFile(file, integer(values, "runs", 20, 1, 1_000_000), seed, values["json"] === true);
  const names =
    values["all"] === true
      ? SCENARIOS.map(({ name }) => name)
      : positionals.map((one) => findScenario(one).name);
  if (names.length === 0)
    throw new SimError("ERR_SIM_OPTION", "name scenarios, or give --all, --controls or --file");
  return campaign(names, values);
}
