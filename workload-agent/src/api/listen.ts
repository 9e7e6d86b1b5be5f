import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { check } from "@ipse/protocol";
import type { FastifyInstance } from "fastify";
import { fitsSocketPath, probeSocket, SOCKET_PATH_BYTES_MAX } from "../platform/unix-socket.ts";
import { storageError } from "../state/system-errors.ts";

/** Name of the workload API's socket in an agent's directory. */
export const SOCKET_NAME = "agent.sock";

/** Throws ERR_SOCKET_PATH with a sentence that says what to do. */
export function checkSocketPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  check(
    fitsSocketPath(path),
    "ERR_SOCKET_PATH",
    `the socket path ${path} has ${bytes} bytes, a unix socket takes at most ${SOCKET_PATH_BYTES_MAX}; choose a shorter one with --socket`,
  );
}

/**
 * Listens on a unix socket that only this user can open. A dead socket file (a copied directory, a killed agent)
 * is replaced, a live one is somebody else's. Throws ERR_SOCKET_PATH, ERR_AGENT_RUNNING or ERR_STATE_*.
 */
export async function listenOnSocket(server: FastifyInstance, path: string): Promise<void> {
  checkSocketPath(path);
  const state = await probeSocket(path);
  check(state !== "live", "ERR_AGENT_RUNNING", `already running: something listens on ${path}`);
  // The kernel refuses connections to any file: only a socket may be taken away.
  const ours = state === "absent" || lstatSync(path).isSocket();
  check(ours, "ERR_SOCKET_PATH", `${path} is there and is no socket; choose another path with --socket`);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (state === "dead") rmSync(path);
    // The umask (0077) keeps others out from the first moment; the mode below takes the execute bit off.
    await server.listen({ path });
    chmodSync(path, 0o600);
  } catch (error) {
    throw storageError(error, "the socket", path);
  }
}
