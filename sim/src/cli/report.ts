import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCampaign } from "../campaign/index.ts";
import { SimError } from "../core/index.ts";
import { buildReport } from "../report/build.ts";
import { SCENARIOS } from "../scenarios/index.ts";
import { findScenario } from "./find.ts";
import { integer, parse, text } from "./options.ts";
import { Progress, print, printJson } from "./output.ts";
import { hrtime } from "./process.ts";

export const reportHelp = `ipse-sim report --out DIR [--runs N] [--seed S] [--scenario NAME] [--json]

Measures and writes one self-contained HTML page with pictures: DIR/report.html.`;

export async function report(args: readonly string[]): Promise<number> {
  const { values } = parse(args, {
    out: { type: "string" },
    runs: { type: "string" },
    seed: { type: "string" },
    scenario: { type: "string" },
    threads: { type: "string" },
  });
  if (values["help"] === true) {
    print(reportHelp);
    return 0;
  }
  const out = text(values, "out", "");
  if (out === "") throw new SimError("ERR_SIM_OPTION", "--out DIR is missing");
  const seed = text(values, "seed", "1");
  const runs = integer(values, "runs", 20, 1, 100_000);
  const bar = new Progress();
  const tally = await runCampaign({
    scenarios: SCENARIOS.map(({ name }) => name),
    seed,
    runs,
    crypto: "symbolic",
    threads: integer(values, "threads", 2, 1, 64),
    progress: (so, total) => bar.update(so.runs, total, "runs", Number(hrtime.bigint() / 1_000_000n)),
  });
  bar.end();
  const html = buildReport({
    seed,
    tally,
    swimlaneOf: findScenario(text(values, "scenario", "clone-first")),
    thefts: Math.max(100, 10 * runs),
    exposureRuns: Math.min(40, Math.max(6, runs)),
  });
  mkdirSync(out, { recursive: true });
  const file = join(out, "report.html");
  writeFileSync(file, html);
  if (values["json"] === true) printJson({ report: file, bytes: html.length, runs: tally.runs });
  else print(`${file} (${Math.round(html.length / 1024)} KiB, ${tally.runs} runs)`);
  return 0;
}
