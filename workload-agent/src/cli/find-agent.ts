import { join, resolve } from "node:path";
import { checkSocketPath, SOCKET_NAME } from "../api/listen.ts";
import { usageError } from "./usage.ts";

/** Flags of every verb that talks to a running agent. */
export const agentArgs = {
  dir: { type: "string", description: "The agent's directory", valueHint: "AD" },
  socket: {
    type: "string",
    description: "The agent's socket (default: AD/agent.sock, or IPSE_AGENT_SOCKET)",
    valueHint: "S",
  },
} as const;

export interface AgentPlace {
  readonly dir?: string | undefined;
  readonly socket?: string | undefined;
}

/** Where the agent listens: --socket, else --dir, else IPSE_AGENT_SOCKET. Throws ERR_USAGE or ERR_SOCKET_PATH. */
export function socketOf({ dir, socket }: AgentPlace, env = process.env): string {
  const fromEnv = env["IPSE_AGENT_SOCKET"];
  const path = socket ?? (dir === undefined ? fromEnv : join(dir, SOCKET_NAME));
  if (path === undefined || path === "")
    throw usageError("which agent? name it with --dir, --socket or IPSE_AGENT_SOCKET");
  const absolute = resolve(path);
  checkSocketPath(absolute);
  return absolute;
}
