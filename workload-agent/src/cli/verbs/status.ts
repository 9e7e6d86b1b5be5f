import { setTimeout as sleep } from "node:timers/promises";
import { errorCode } from "@ipse/protocol";
import { z } from "zod";
import { type Answer, callAgent } from "../api-client.ts";
import { agentArgs, socketOf } from "../find-agent.ts";
import { table } from "../output.ts";
import { usageError } from "../usage.ts";
import { verb } from "../verb.ts";

const report = z.looseObject({
  status: z.string(),
  code: z.string().nullable(),
  detail: z.string().nullable(),
  spiffe_id: z.string().nullable(),
  instance: z.string().nullable(),
  seq: z.number().nullable(),
  quorum: z.number(),
  connected: z.number(),
  oracles: z.array(z.looseObject({ id: z.number(), connected: z.boolean(), problem: z.string().nullable() })),
});

function text(answer: unknown): string {
  const status = report.parse(answer);
  const away = status.oracles.filter((oracle) => !oracle.connected);
  return table([
    ["status", status.status],
    ["", status.detail],
    ["SPIFFE ID", status.spiffe_id],
    ["instance", status.instance],
    ["last step", status.seq],
    ["oracles", `${status.connected} of ${status.oracles.length} connected, ${status.quorum} needed`],
    ...away.map(({ id, problem }) => [`oracle ${id}`, problem] as const),
  ]);
}

const POLL_MS = 250;
const WAIT_SECONDS_MAX = 3600;

function parseWait(text: string | undefined): number {
  if (text === undefined) return 0;
  const seconds = /^[0-9]{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds <= WAIT_SECONDS_MAX) return seconds * 1000;
  throw usageError(`--wait must be a number of seconds from 0 to ${WAIT_SECONDS_MAX}`);
}

/** Asks until an agent answers that has heard from its oracles, or until the time is over. */
async function askFor(ms: number, socketPath: string): Promise<Answer> {
  const until = performance.now() + ms;
  for (;;) {
    const last = performance.now() >= until;
    try {
      const answer = await callAgent(socketPath, "GET", "/v1/status");
      if (last || answer["status"] !== "checking") return answer;
    } catch (error) {
      if (last || errorCode(error) !== "ERR_AGENT_NOT_RUNNING") throw error;
    }
    await sleep(POLL_MS);
  }
}

/** `status`: exit 0 whenever the agent answers; what it says is in the answer. */
export const statusVerb = verb({
  name: "status",
  description: "Show how the agent and its instance are doing",
  args: {
    ...agentArgs,
    wait: {
      type: "string",
      description: "Wait so long for the agent to be up and to know its status",
      valueHint: "SECONDS",
    },
  },
  run: async (args) => {
    const json = await askFor(parseWait(args.wait), socketOf(args));
    return { json, text: text(json) };
  },
});
