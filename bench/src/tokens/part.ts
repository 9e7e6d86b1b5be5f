import { setTimeout as sleep } from "node:timers/promises";
import type { Group } from "@ipse/protocol/group";
import { median } from "../measure/stats.ts";
import type { BenchOptions } from "../options.ts";
import type { Findings } from "../report.ts";
import { known } from "../signing/material.ts";
import { keysOf } from "./check.ts";
import { type BenchClient, makeClients } from "./clients.ts";
import { endToEnd } from "./end-to-end.ts";
import { startOidc } from "./oidc-peer.ts";
import { type Stretch, type Subject, stretch } from "./stretch.ts";
import { TokenCluster, WORKLOAD } from "./token-cluster.ts";
import { verifyCost } from "./verify-cost.ts";

const CLIENTS = 16;
const ROUNDS = 5;
const CONCURRENCIES = [16, 64] as const;
/** What a stretch leaves behind is done before the next one begins. */
const SETTLE_MS = 200;

const WHO = ["oidc", "local", "threshold"] as const;
type Who = (typeof WHO)[number];

/** Requests after which a server's code is warm and its speed is known roughly. */
const WARM_UP: Readonly<Record<Who, number>> = { oidc: 2000, local: 2000, threshold: 400 };

interface Row {
  readonly name: string;
  readonly who: Who;
  readonly dpop: boolean;
  readonly concurrency: number;
}

const nameOf = (who: Who, dpop: boolean, concurrency: number): string =>
  `${who}${dpop ? "_dpop" : ""}_c${concurrency}`;

/** Peers stand next to each other, so that they meet the machine in the same mood. */
const ROWS: readonly Row[] = CONCURRENCIES.flatMap((concurrency) =>
  [false, true].flatMap((dpop) =>
    WHO.map((who) => ({ name: nameOf(who, dpop, concurrency), who, dpop, concurrency })),
  ),
);

/** By row, one value a round. */
export type Rounds = ReadonlyMap<string, readonly Stretch[]>;
type Subjects = Readonly<Record<Who, Subject>>;

/** Runs every row once a round. Two warm-ups come first; they find out how many tokens fill a stretch. */
async function measure(subjects: Subjects, clients: readonly BenchClient[], ms: number): Promise<Rounds> {
  const rounds = new Map<string, Stretch[]>(ROWS.map(({ name }) => [name, []]));
  const counts = new Map<string, number>(ROWS.map(({ name, who }) => [name, WARM_UP[who]]));
  for (let round = -2; round < ROUNDS; round++) {
    for (const { name, who, ...load } of ROWS) {
      const count = known(counts.get(name), "a count");
      const found = await stretch(subjects[who], clients, { ...load, count });
      if (round < 0)
        counts.set(name, Math.max(4 * load.concurrency, Math.round((found.tokensPerSecond * ms) / 1000)));
      else rounds.get(name)?.push(found);
      await sleep(SETTLE_MS);
    }
  }
  return rounds;
}

/** The median over the rounds of a / b within each round. */
function ratioOf(rounds: Rounds, a: string, b: string, of: keyof Stretch): number {
  const theirs = rounds.get(b) ?? [];
  return median((rounds.get(a) ?? []).map((one, round) => one[of] / (theirs[round]?.[of] ?? Number.NaN)));
}

/**
 * The ratios by concurrency and, without a suffix, the lower of them; latencies and CPU time as how many times the
 * peer's are ours. All of them medians.
 */
export function tokenFindings(rounds: Rounds): Findings {
  const ratios: Record<string, number> = {};
  const figures: Record<string, number> = {};
  for (const [name, stretches] of rounds) {
    const of = (key: keyof Stretch): number => median(stretches.map((one) => one[key]));
    figures[`token_${name}_per_second`] = of("tokensPerSecond");
    figures[`token_${name}_p50_ms`] = of("p50Ms");
    figures[`token_${name}_p99_ms`] = of("p99Ms");
    figures[`token_${name}_server_cpu_ms`] = of("cpuMsPerToken");
    const unserved = Math.max(...stretches.map((one) => one.unserved));
    if (unserved > 0) figures[`token_${name}_unserved_max`] = unserved;
  }
  for (const who of ["local", "threshold"] as const) {
    for (const dpop of [false, true]) {
      const key = `token_${who}${dpop ? "_dpop" : ""}_vs_oidc`;
      const found = CONCURRENCIES.map((concurrency) => {
        const [mine, theirs] = [nameOf(who, dpop, concurrency), nameOf("oidc", dpop, concurrency)];
        const ratio = ratioOf(rounds, mine, theirs, "tokensPerSecond");
        ratios[`${key}_c${concurrency}`] = ratio;
        figures[`${key}_c${concurrency}_p99`] = ratioOf(rounds, theirs, mine, "p99Ms");
        figures[`${key}_c${concurrency}_by_cpu`] = ratioOf(rounds, theirs, mine, "cpuMsPerToken");
        return ratio;
      });
      ratios[key] = Math.min(...found);
    }
  }
  return { ratios, figures };
}

/** Tokens of one oracle alone, of four together, and of oidc-provider, each in processes of their own. */
export async function tokensPart(group: Group, { quick }: BenchOptions): Promise<Findings> {
  const clients = makeClients(CLIENTS);
  const [local, threshold] = [new TokenCluster("local"), new TokenCluster("threshold")];
  const peer = await startOidc(WORKLOAD, clients);
  const ms = quick ? 200 : 1500;
  try {
    await local.start(group, clients);
    await threshold.start(group, clients);
    const ours = async (cluster: TokenCluster, pids: readonly number[]): Promise<Subject> => ({
      server: cluster.server,
      keys: await keysOf(cluster.jwksUri),
      pids,
    });
    const subjects: Subjects = {
      oidc: { server: peer.server, keys: await keysOf(peer.jwksUri), pids: [peer.pid] },
      local: await ours(local, local.pids.slice(0, 1)),
      threshold: await ours(threshold, threshold.pids),
    };
    const { ratios, figures } = tokenFindings(await measure(subjects, clients, ms));
    const whole = await endToEnd(threshold.agent, subjects.threshold, known(clients[0], "a client"), ms);
    const { server } = subjects.threshold;
    const verify = await verifyCost(threshold.roster, server, clients, quick ? 250 : 500);
    return { ratios, figures: { ...figures, ...whole, ...verify } };
  } finally {
    await Promise.all([local.stop(), threshold.stop(), peer.stop()]);
  }
}
