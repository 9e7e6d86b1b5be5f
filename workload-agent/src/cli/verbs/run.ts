import { resolve } from "node:path";
import { runAgent } from "../../agent/run.ts";
import { HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN } from "../../agent/session.ts";
import { stderrLogger } from "../../log.ts";
import { printError, printReport } from "../output.ts";
import { giveUpAfter, stopReason } from "../stop-reason.ts";
import { usageError } from "../usage.ts";
import { verb } from "../verb.ts";

const LEVELS = ["debug", "info", "warn", "error"];
/** After this a stop is no longer graceful. */
const STOP_MS = 5000;

function parseHeartbeat(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(ms >= HEARTBEAT_MS_MIN && ms <= HEARTBEAT_MS_MAX))
    throw usageError(`--heartbeat-ms must be a number from ${HEARTBEAT_MS_MIN} to ${HEARTBEAT_MS_MAX}`);
  return ms;
}

/** The machine has stopped for good: say why and end, so that whatever supervises the agent notices. */
function endFatally(error: unknown, json: boolean): never {
  process.exit(printError(error, json));
}

/** `run`: the agent itself, until TERM or INT. It stays up when the instance is revoked, and says so. */
export const runVerb = verb({
  name: "run",
  description: "Run the agent and serve the workload API on a unix socket",
  args: {
    dir: { type: "string", required: true, description: "The agent's directory", valueHint: "AD" },
    socket: { type: "string", description: "Where to listen (default: AD/agent.sock)", valueHint: "S" },
    "heartbeat-ms": {
      type: "string",
      description: "At least one step in this time (default: the join URI's, else 10000)",
      valueHint: "MS",
    },
    "log-level": { type: "enum", options: LEVELS, default: "info", description: "How much to log" },
  },
  run: async (args) => {
    const stop = stopReason();
    const logger = stderrLogger(args["log-level"]);
    const json = args["json"] === true;
    const running = await runAgent({
      dir: args.dir,
      socket: args.socket === undefined ? undefined : resolve(args.socket),
      heartbeatMs: parseHeartbeat(args["heartbeat-ms"]),
      logger,
      onFatal: (error) => endFatally(error, json),
    });
    const { status, spiffe_id, instance } = running.agent.status();
    const { socket, stop: end } = running;
    const ready = { event: "ready", socket, pid: process.pid, status, spiffe_id, instance };
    printReport({ json: ready, text: `ready: ${spiffe_id ?? "no identity yet"} on ${socket}` }, json);
    logger.info({ why: await stop }, "stopping");
    giveUpAfter(STOP_MS);
    await end();
    process.stdin.destroy();
    return undefined;
  },
});
