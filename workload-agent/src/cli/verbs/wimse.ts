import { z } from "zod";
import { callAgent } from "../api-client.ts";
import { agentArgs, socketOf } from "../find-agent.ts";
import { verb } from "../verb.ts";

const report = z.looseObject({ wit: z.string(), wpt: z.string() });

/** `wimse`: a workload identity token and a proof for one call. */
export const wimseVerb = verb({
  name: "wimse",
  description: "Get a WIMSE identity token and a proof for one call",
  args: {
    ...agentArgs,
    audience: { type: "string", required: true, description: "URL of the call", valueHint: "URL" },
    key: {
      type: "string",
      description: "ephemeral (default) or threshold: the key that proves",
      valueHint: "KEY",
    },
  },
  run: async (args) => {
    const { audience, key } = args;
    const answer = await callAgent(socketOf(args), "POST", "/v1/wimse", { audience, key });
    const { wit, wpt } = report.parse(answer);
    return { json: answer, text: `Workload-Identity-Token: ${wit}\nAuthorization: WPT ${wpt}` };
  },
});
