import { enroll } from "../../agent/enroll.ts";
import { systemPlatform } from "../../agent/platform.ts";
import { logEvents, stderrLogger } from "../../log.ts";
import { table } from "../output.ts";
import { readJoinUri } from "../secret-input.ts";
import { verb } from "../verb.ts";

/** `enroll`: turns a join URI into an instance in a directory. */
export const enrollVerb = verb({
  name: "enroll",
  description: "Enroll a new instance with a join URI",
  args: {
    dir: {
      type: "string",
      required: true,
      description: "The agent's directory, made if it is not there",
      valueHint: "AD",
    },
    join: {
      type: "string",
      description: 'The join URI, or "-" for standard input (also: IPSE_JOIN_URI)',
      valueHint: "URI",
    },
    "join-file": { type: "string", description: "A file that holds the join URI", valueHint: "F" },
    verbose: { type: "boolean", default: false, description: "Log what happens to standard error" },
  },
  run: async (args) => {
    const joinUri = readJoinUri({ join: args.join, joinFile: args["join-file"] });
    const platform = await systemPlatform(logEvents(stderrLogger(args.verbose ? "debug" : "silent")));
    const { spiffe_id, instance, kid, trust_domain, issuer } = await enroll({
      platform,
      dir: args.dir,
      joinUri,
    });
    const rows = table([
      ["SPIFFE ID", spiffe_id],
      ["instance", instance],
      ["kid", kid],
    ]);
    return {
      json: { spiffe_id, instance, kid, trust_domain, issuer, dir: args.dir },
      text: `enrolled\n${rows}\nstart it with: ipse-agent run --dir ${args.dir}`,
    };
  },
});
