import type { JSONWebKeySet } from "jose";
import { cpuMsOf } from "../cluster/process-cpu.ts";
import { quantile } from "../measure/stats.ts";
import { known } from "../signing/material.ts";
import { checkAnswers } from "./check.ts";
import type { BenchClient } from "./clients.ts";
import { burst, connections, post } from "./http-load.ts";
import { type SignedRequest, signRequest, type TokenServer } from "./presign.ts";

/** A server under load, with what is needed to judge and to weigh it. */
export interface Subject {
  readonly server: TokenServer;
  readonly keys: JSONWebKeySet;
  readonly pids: readonly number[];
}

/** What one stretch of load came to. */
export interface Stretch {
  readonly tokensPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of all the server's processes for one token. */
  readonly cpuMsPerToken: number;
  /** Share of the requests that the server turned away because it was overloaded. */
  readonly unserved: number;
}

/** A nonce of the server, from its refusal of a proof that has another. */
export async function freshNonce(server: TokenServer, client: BenchClient): Promise<string> {
  const agent = connections(1);
  const endpoint = known(server.endpoints[0], "an endpoint");
  const { nonce, text } = await post(agent, signRequest(server, client, endpoint, "another"));
  await agent.destroy();
  return known(nonce, `a nonce (${text})`);
}

/** Requests for one stretch, each signed before the clock starts; clients and endpoints take turns. */
async function sign(
  server: TokenServer,
  clients: readonly BenchClient[],
  count: number,
  dpop: boolean,
): Promise<SignedRequest[]> {
  const [first] = clients;
  const nonce = dpop ? await freshNonce(server, known(first, "a client")) : undefined;
  return Array.from({ length: count }, (_, i) => {
    const client = known(clients[i % clients.length], "a client");
    const endpoint = known(server.endpoints[i % server.endpoints.length], "an endpoint");
    return signRequest(server, client, endpoint, nonce);
  });
}

/** `count` tokens at this concurrency, on the clock; afterwards every one of them is verified. */
export async function stretch(
  { server, keys, pids }: Subject,
  clients: readonly BenchClient[],
  load: { readonly dpop: boolean; readonly concurrency: number; readonly count: number },
): Promise<Stretch> {
  const { dpop, concurrency, count } = load;
  const requests = await sign(server, clients, count, dpop);
  const before = cpuMsOf(pids);
  const { answers, latenciesMs, seconds } = await burst(requests, concurrency);
  const spent = cpuMsOf(pids) - before;
  const served = await checkAnswers(keys, answers);
  return {
    tokensPerSecond: served / seconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    cpuMsPerToken: spent / served,
    unserved: 1 - served / count,
  };
}
