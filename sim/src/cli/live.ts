import { SimError } from "../core/index.ts";
import { LIVE_SCENARIOS, type LiveResult, playLive } from "../live/live.ts";
import { parse } from "./options.ts";
import { print, printJson } from "./output.ts";
import { once } from "./process.ts";

export const liveHelp = `ipse-sim live [${LIVE_SCENARIOS.join("|")}]... [--json]

Plays disk-clone scenarios against a local cluster of real processes: four oracles, an agent, and a copy of its directory.`;

export async function liveVerb(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args, {});
  if (values["help"] === true) {
    print(liveHelp);
    return 0;
  }
  const wanted = (positionals.length > 0 ? positionals : [...LIVE_SCENARIOS]).map((name) => {
    const found = LIVE_SCENARIOS.find((one) => one === name);
    if (found === undefined)
      throw new SimError(
        "ERR_SIM_SCENARIO",
        `${name} cannot be played live; try ${LIVE_SCENARIOS.join(", ")}`,
      );
    return found;
  });
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) once(signal, () => abort.abort());
  const results: LiveResult[] = [];
  const quiet = values["json"] === true;
  for (const scenario of wanted) {
    if (abort.signal.aborted) break;
    if (!quiet) print(scenario);
    const result = await playLive(scenario, (text) => (quiet ? undefined : print(`  ${text}`)), abort.signal);
    results.push(result);
    if (!quiet)
      print(
        `  ${result.code} (expected ${result.expected}), found after ${result.detection_ms ?? "-"} ms, ${result.clone_signatures} signatures of the copy`,
      );
  }
  if (quiet) printJson({ scenarios: results });
  return results.every(({ code, expected }) => code === expected) ? 0 : 1;
}
