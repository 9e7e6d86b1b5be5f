import { join } from "node:path";
import type { Logger } from "pino";
import { EventLog } from "../api/event-log.ts";
import { checkSocketPath, listenOnSocket, SOCKET_NAME } from "../api/listen.ts";
import { closeApi, workloadApi } from "../api/server.ts";
import { logEvents } from "../log.ts";
import { openDirectory } from "../state/index.ts";
import { Agent } from "./agent.ts";
import { systemPlatform } from "./platform.ts";

/** How long requests under way may take once the agent is to stop. */
const GRACE_MS = 3000;

export interface RunOptions {
  readonly dir: string;
  /** Default: agent.sock in the directory. */
  readonly socket?: string | undefined;
  readonly heartbeatMs?: number | undefined;
  readonly logger: Logger;
  readonly onFatal: (error: unknown) => void;
}

/** An agent with its API listening. */
export interface RunningAgent {
  readonly agent: Agent;
  readonly socket: string;
  stop(): Promise<void>;
}

/** Starts the agent of a directory and its workload API; the composition root. Throws ERR_NOT_ENROLLED, ERR_AGENT_RUNNING, ERR_SOCKET_PATH or ERR_STATE_*. */
export async function runAgent(options: RunOptions): Promise<RunningAgent> {
  const dir = openDirectory(options.dir, false);
  const socket = options.socket ?? join(dir, SOCKET_NAME);
  checkSocketPath(socket);
  const eventLog = new EventLog(() => Date.now());
  const platform = await systemPlatform(logEvents(options.logger, eventLog.sink));
  const { heartbeatMs, onFatal } = options;
  const agent = await Agent.start({ dir, platform, eventLog, heartbeatMs, onFatal });
  const server = workloadApi(agent);
  try {
    await listenOnSocket(server, socket);
  } catch (error) {
    await agent.stop();
    throw error;
  }
  const stop = async (): Promise<void> => {
    await closeApi(server, GRACE_MS);
    await agent.stop();
  };
  return { agent, socket, stop };
}
