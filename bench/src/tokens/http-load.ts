import { Agent } from "undici";
import type { SignedRequest } from "./presign.ts";

/** An answer, as it came. */
export interface Answered {
  readonly request: SignedRequest;
  readonly status: number;
  readonly nonce: string | undefined;
  readonly text: string;
}

export interface Burst {
  readonly answers: readonly Answered[];
  readonly latenciesMs: readonly number[];
  readonly seconds: number;
}

/** Connections to each server: as many as there are callers, kept alive, one request at a time on each. */
export const connections = (most: number): Agent => new Agent({ connections: most, pipelining: 1 });

/** One POST; rejects when the connection fails. */
export async function post(agent: Agent, request: SignedRequest): Promise<Answered> {
  const { endpoint, headers, body } = request;
  const { origin, pathname: path } = endpoint;
  const response = await agent.request({ origin, path, method: "POST", headers, body });
  const nonce = response.headers["dpop-nonce"];
  return {
    request,
    status: response.statusCode,
    nonce: typeof nonce === "string" ? nonce : undefined,
    text: await response.body.text(),
  };
}

/**
 * Sends signed requests in a closed loop: `concurrency` callers, each over connections that are kept alive, take the
 * next one when they have their answer. The same for every server.
 */
export async function burst(requests: readonly SignedRequest[], concurrency: number): Promise<Burst> {
  const agent = connections(concurrency);
  const answers: Answered[] = [];
  const latenciesMs: number[] = [];
  let next = 0;
  const caller = async (): Promise<void> => {
    for (let one = requests[next++]; one !== undefined; one = requests[next++]) {
      const sent = performance.now();
      const answer = await post(agent, one);
      latenciesMs.push(performance.now() - sent);
      answers.push(answer);
    }
  };
  const from = performance.now();
  try {
    await Promise.all(Array.from({ length: concurrency }, caller));
    return { answers, latenciesMs, seconds: (performance.now() - from) / 1000 };
  } finally {
    await agent.destroy();
  }
}
