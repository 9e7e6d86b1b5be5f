import type { Agent } from "@ipse/workload-agent/agent";
import { median, quantile } from "../measure/stats.ts";
import { known } from "../signing/material.ts";
import { checkAnswers } from "./check.ts";
import { type BenchClient, makeDpopKey } from "./clients.ts";
import { type Answered, connections, post } from "./http-load.ts";
import { API, SCOPE, tokenRequest } from "./presign.ts";
import { freshNonce, type Subject } from "./stretch.ts";

const ROUNDS = 5;

interface Way {
  readonly tokensPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Tokens of one agent for a while, none from a cache: threshold step, DPoP proof and threshold-issued token each time. */
async function run(
  agent: Agent,
  { server, keys }: Subject,
  nonce: string,
  { callers, ms }: { readonly callers: number; readonly ms: number },
): Promise<Way> {
  const asker = { ...makeDpopKey(), instance: agent.identity().instance };
  const http = connections(callers);
  const answers: Answered[] = [];
  const latencies: number[] = [];
  const from = performance.now();
  const caller = async (at: number): Promise<void> => {
    const endpoint = known(server.endpoints[at % server.endpoints.length], "an endpoint");
    while (performance.now() - from < ms) {
      const begun = performance.now();
      const wish = { audience: server.issuer, scope: SCOPE, resource: API, jkt: asker.jkt };
      const assertion = await agent.assertion(wish);
      answers.push(await post(http, tokenRequest(server, { endpoint, assertion, nonce }, asker)));
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, at) => caller(at)));
  const seconds = (performance.now() - from) / 1000;
  await http.destroy();
  const served = await checkAnswers(keys, answers);
  return {
    tokensPerSecond: served / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}

/** Everything a workload waits for when its agent has no token: medians of rounds at one and at 16 callers. */
export async function endToEnd(
  agent: Agent,
  subject: Subject,
  client: BenchClient,
  ms: number,
): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  const ways = new Map<number, Way[]>([
    [1, []],
    [16, []],
  ]);
  const nonce = await freshNonce(subject.server, client);
  for (let round = -1; round < ROUNDS; round++) {
    for (const [callers, found] of ways) {
      const way = await run(agent, subject, nonce, { callers, ms });
      if (round >= 0) found.push(way);
    }
  }
  for (const [callers, found] of ways) {
    const of = (key: keyof Way): number => median(found.map((way) => way[key]));
    figures[`token_end_to_end_c${callers}_per_second`] = of("tokensPerSecond");
    figures[`token_end_to_end_c${callers}_p50_ms`] = of("p50Ms");
    figures[`token_end_to_end_c${callers}_p99_ms`] = of("p99Ms");
  }
  return figures;
}
