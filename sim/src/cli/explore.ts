import { explore } from "../explore/explore.ts";
import { integer, parse } from "./options.ts";
import { Progress, print, printJson } from "./output.ts";
import { hrtime, once } from "./process.ts";

export const exploreHelp = `ipse-sim explore [--steps 2] [--crashes 1] [--no-clone] [--states N] [--json]

Tries every order of deliveries, gossip, timers and crash points of four oracles, one workload and one clone,
with the production step functions, and checks the promises on every distinct state.`;

export function exploreVerb(args: readonly string[]): number {
  const { values } = parse(args, {
    steps: { type: "string" },
    crashes: { type: "string" },
    states: { type: "string" },
    "no-clone": { type: "boolean" },
  });
  if (values["help"] === true) {
    print(exploreHelp);
    return 0;
  }
  const statesMax = integer(values, "states", 1_000_000, 1, 15_000_000);
  const bar = new Progress();
  const started = hrtime.bigint();
  const seconds = (): number => Number(hrtime.bigint() - started) / 1e9;
  let interrupted = false;
  once("SIGINT", () => {
    interrupted = true;
  });
  const result = explore({
    steps: integer(values, "steps", 2, 1, 8),
    crashes: integer(values, "crashes", 1, 0, 4),
    statesMax,
    clone: values["no-clone"] !== true,
    progress: (states, waiting) => {
      bar.update(
        states,
        statesMax,
        `${Math.round(states / seconds())} states/s, ${waiting} waiting`,
        seconds() * 1000,
      );
      return !interrupted;
    },
  });
  bar.end();
  const took = seconds();
  const rate = Math.round(result.states / took);
  if (values["json"] === true)
    printJson({ ...result, seconds: Math.round(took * 10) / 10, states_per_second: rate });
  else {
    const bound = result.complete
      ? "every order was tried"
      : interrupted
        ? "interrupted"
        : `stopped at the bound of ${statesMax} states`;
    print(
      `${result.states} distinct states, ${result.transitions} transitions, depth ${result.depthMax}, ${rate} states/s in ${took.toFixed(1)} s`,
    );
    print(
      `${bound}; evidence stands in ${result.forked} of them; ${result.parts.oracle} oracle states, ${result.parts.workload} workload states`,
    );
    for (const violation of result.violations) print(`VIOLATED: ${violation}`);
    if (result.violations.length === 0) print("every promise held on every state");
  }
  return result.violations.length === 0 ? 0 : 1;
}
