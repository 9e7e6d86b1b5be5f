import { Agent, request } from "node:http";
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

/** One POST; rejects when the connection fails. */
export function post(agent: Agent, signed: SignedRequest): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { endpoint, headers, body } = signed;
    const outgoing = request(endpoint, { method: "POST", agent, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.once("error", reject);
      response.once("end", () => {
        const nonce = response.headers["dpop-nonce"];
        resolve({
          request: signed,
          status: response.statusCode ?? 0,
          nonce: typeof nonce === "string" ? nonce : undefined,
          text: Buffer.concat(parts).toString("latin1"),
        });
      });
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

/**
 * Sends signed requests in a closed loop: `concurrency` callers, each over connections that are kept alive, take the
 * next one when they have their answer. The same for every server.
 */
export async function burst(requests: readonly SignedRequest[], concurrency: number): Promise<Burst> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
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
    agent.destroy();
  }
}
