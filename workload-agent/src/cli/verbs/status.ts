import { z } from "zod";
import { callAgent } from "../api-client.ts";
import { agentArgs, socketOf } from "../find-agent.ts";
import { table } from "../output.ts";
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

/** `status`: exit 0 whenever the agent answers; what it says is in the answer. */
export const statusVerb = verb({
  name: "status",
  description: "Show how the agent and its instance are doing",
  args: { ...agentArgs },
  run: async (args) => {
    const json = await callAgent(socketOf(args), "GET", "/v1/status");
    return { json, text: text(json) };
  },
});
