import { doctorChecks } from "../../agent/doctor.ts";
import { agentArgs, socketOf } from "../find-agent.ts";
import { verb } from "../verb.ts";

/** `doctor`: looks for what usually goes wrong; exit 1 when something did. */
export const doctorVerb = verb({
  name: "doctor",
  description: "Check directory, state, socket and oracles",
  args: { ...agentArgs },
  run: async (args) => {
    const checks = await doctorChecks({ dir: args.dir, socket: socketOf(args) });
    const ok = checks.every((check) => check.ok);
    if (!ok) process.exitCode = 1;
    const lines = checks.map(({ name, ok: good, detail }) => `${good ? "ok  " : "FAIL"} ${name}: ${detail}`);
    return { json: { ok, checks }, text: lines.join("\n") };
  },
});
