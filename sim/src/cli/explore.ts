import { type ExploreResult, explore } from "../explore/explore.ts";
import { integer, parse, type Values } from "./options.ts";
import { Progress, print, printJson } from "./output.ts";
import { hrtime, once, pause } from "./process.ts";

export const exploreHelp = `ipse-sim explore [--steps 2] [--crashes 1] [--no-clone] [--states N] [--disturbances K | --all-orders] [--json]

Tries every schedule of four oracles (q = 3), one workload and one clone with the production step functions, and
checks the promises on every distinct state and transition. Heartbeats and crashes of any process come at any point.
Frames are served in turn but for K disturbances: a connection that stands still for any time, or a gossip message at
any point. By default K grows from 0 until N states are reached; the bounds that were completed are printed.
--all-orders searches without that bound, up to N states.`;

const DISTURBANCES_MAX = 32;

interface Round extends ExploreResult {
  /** null: every order. */
  readonly disturbances: number | null;
}

function boundOf({ disturbances }: Round, values: Values): string {
  const steps = integer(values, "steps", 2, 1, 8);
  const crashes = integer(values, "crashes", 1, 0, 4);
  const orders =
    disturbances === null ? "every order of frames and gossip" : `at most ${disturbances} disturbances`;
  return `${orders}, ${steps} steps each, ${crashes} crash${crashes === 1 ? "" : "es"} anywhere`;
}

function tell(round: Round, values: Values): void {
  const { states, transitions, depthMax, forked, parts, complete } = round;
  print(
    `${boundOf(round, values)}: ${complete ? "every schedule was tried" : "not finished"}; ` +
      `${states} distinct states, ${transitions} transitions, depth ${depthMax}; evidence stands in ${forked} of them; ` +
      `${parts.oracle} oracle states, ${parts.workload} workload states`,
  );
}

export async function exploreVerb(args: readonly string[]): Promise<number> {
  const { values } = parse(args, {
    steps: { type: "string" },
    crashes: { type: "string" },
    states: { type: "string" },
    disturbances: { type: "string" },
    "all-orders": { type: "boolean" },
    "no-clone": { type: "boolean" },
  });
  if (values["help"] === true) {
    print(exploreHelp);
    return 0;
  }
  const statesMax = integer(values, "states", 1_000_000, 1, 15_000_000);
  const steps = integer(values, "steps", 2, 1, 8);
  const crashes = integer(values, "crashes", 1, 0, 4);
  const only =
    values["disturbances"] === undefined
      ? undefined
      : integer(values, "disturbances", 0, 0, DISTURBANCES_MAX);
  const bar = new Progress();
  const started = hrtime.bigint();
  const seconds = (): number => Number(hrtime.bigint() - started) / 1e9;
  let interrupted = false;
  const stop = (): void => {
    interrupted = true;
  };
  once("SIGINT", stop);
  once("SIGTERM", stop);
  const rounds: Round[] = [];
  let states = 0;
  const search = async (disturbances: number | undefined): Promise<Round> => {
    const before = states;
    const result = await explore({
      steps,
      crashes,
      disturbances,
      statesMax: only === undefined ? Math.max(1, statesMax - before) : statesMax,
      clone: values["no-clone"] !== true,
      progress: async (found, waiting) => {
        const so = before + found;
        bar.update(
          so,
          statesMax,
          `${Math.round(so / seconds())} states/s, ${waiting} waiting`,
          seconds() * 1000,
        );
        await pause();
        return !interrupted;
      },
    });
    states += result.states;
    const round = { ...result, disturbances: disturbances ?? null };
    rounds.push(round);
    bar.end();
    if (values["json"] !== true) tell(round, values);
    return round;
  };
  if (values["all-orders"] === true) await search(undefined);
  else if (only !== undefined) await search(only);
  else for (let k = 0; k <= DISTURBANCES_MAX && (await search(k)).complete && states < statesMax; k++);
  const took = seconds();
  const rate = Math.round(states / took);
  const violations = [...new Set(rounds.flatMap((round) => round.violations))];
  const completed = rounds.filter(({ complete }) => complete).at(-1);
  if (values["json"] === true) {
    const searched = { states, states_per_second: rate, seconds: Math.round(took * 10) / 10 };
    printJson({ ...searched, completed: completed?.disturbances, interrupted, violations, rounds });
  } else {
    print(`${states} states in ${took.toFixed(1)} s, ${rate} states/s`);
    const reached =
      completed === undefined ? "no bound was completed" : `complete: ${boundOf(completed, values)}`;
    print(interrupted ? `interrupted; ${reached}` : `${reached}`);
    for (const violation of violations) print(`VIOLATED: ${violation}`);
    if (violations.length === 0) print("every promise held on every state and transition");
  }
  if (violations.length > 0) return 1;
  return interrupted ? 130 : 0;
}
