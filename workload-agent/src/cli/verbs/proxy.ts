import { stderrLogger } from "../../log.ts";
import { isLoopback } from "../../platform/loopback.ts";
import { agentCredentials, parseListen, SecretlessProxy, Target } from "../../proxy/index.ts";
import { GRACE_MS } from "../../proxy/limits.ts";
import { agentArgs, socketOf } from "../find-agent.ts";
import { printReport } from "../output.ts";
import { giveUpAfter, stopReason } from "../stop-reason.ts";
import { usageError } from "../usage.ts";
import { verb } from "../verb.ts";

const proxyArgs = {
  ...agentArgs,
  listen: {
    type: "string",
    required: true,
    description: "Where applications connect (port 0: any)",
    valueHint: "HOST:PORT",
  },
  target: {
    type: "string",
    required: true,
    description: "Where requests go, and nowhere else",
    valueHint: "URL",
  },
  resource: {
    type: "string",
    required: true,
    description: "The resource the token is for",
    valueHint: "URL",
  },
  scope: { type: "string", description: "Scopes, separated by spaces" },
  dpop: {
    type: "boolean",
    default: true,
    description: "Bind the token to a key that stays in the agent",
    negativeDescription: "A bearer token: whoever holds it can use it",
  },
  "allow-host": {
    type: "string",
    multiple: true,
    description: "A name beyond loopback under which applications reach the proxy; may stand several times",
    valueHint: "NAME",
  },
  "allow-non-loopback": {
    type: "boolean",
    default: false,
    description: "Listen beyond loopback: whoever reaches the port acts as the workload",
  },
} as const;

/** `proxy`: gives every request to one target the workload's token and proof, until TERM or INT. */
export const proxyVerb = verb({
  name: "proxy",
  description: "Forward requests to one API with the workload's token on them",
  args: proxyArgs,
  run: async (args, all) => {
    const stop = stopReason();
    const { resource, scope, dpop } = args;
    const { host, port } = parseListen(args.listen);
    const beyondLoopback = args["allow-non-loopback"];
    if (!isLoopback(host) && !beyondLoopback)
      throw usageError("--listen is beyond loopback; --allow-non-loopback says that it is meant");
    const target = new Target(args.target);
    const { origin } = target;
    const credentials = agentCredentials({ socket: socketOf(args), resource, scope, dpop, origin });
    const gate = { beyondLoopback, allowHosts: all("allow-host").map((name) => name.toLowerCase()) };
    const logger = stderrLogger();
    const onProblem = (problem: object) => logger.warn(problem, "not forwarded");
    const proxy = new SecretlessProxy({ gate, target, credentials, onProblem });
    const at = await proxy.listen(host, port);
    const listen = `http://${at.host.includes(":") ? `[${at.host}]` : at.host}:${at.port}`;
    const ready = { event: "ready", listen, target: args.target, resource, pid: process.pid };
    printReport({ json: ready, text: `ready: ${listen} -> ${args.target}` }, args["json"] === true);
    logger.info({ why: await stop }, "stopping");
    giveUpAfter(GRACE_MS + 2000);
    await proxy.stop();
    process.stdin.destroy();
    return undefined;
  },
});
