import { IpseError } from "@ipse/protocol";
import { leaveDirectory } from "../../agent/leave.ts";
import { systemPlatform } from "../../agent/platform.ts";
import { logEvents, stderrLogger } from "../../log.ts";
import { callAgent } from "../api-client.ts";
import { agentArgs, socketOf } from "../find-agent.ts";
import { verb } from "../verb.ts";

/** `leave`: ends the instance for good, through the running agent or, with --dir, without one. */
export const leaveVerb = verb({
  name: "leave",
  description: "End the instance for good; the directory can be enrolled again",
  args: { ...agentArgs },
  run: async (args) => {
    try {
      await callAgent(socketOf(args), "POST", "/v1/leave", {});
    } catch (error) {
      const absent = error instanceof IpseError && error.code === "ERR_AGENT_NOT_RUNNING";
      if (!absent || args.dir === undefined) throw error;
      await leaveDirectory(await systemPlatform(logEvents(stderrLogger("error"))), args.dir);
    }
    return { json: { status: "ended" }, text: "the instance has ended" };
  },
});
