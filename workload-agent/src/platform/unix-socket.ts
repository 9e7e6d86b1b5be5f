import { connect } from "node:net";

/** sun_path holds 108 bytes with the final zero on Linux (104 elsewhere); the kernel cuts longer ones off in silence. */
export const SOCKET_PATH_BYTES_MAX = process.platform === "linux" ? 107 : 103;

/** Whether a path fits into a unix socket's address. */
export function fitsSocketPath(path: string): boolean {
  return Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX;
}

/** live: somebody listens. dead: a socket file without a process, e.g. a copied one. absent: nothing there. */
export type SocketState = "live" | "dead" | "absent";

const PROBE_MS = 2000;

/**
 * Finds out whether anybody listens on a unix socket. Only the kernel's refusal proves that nobody does: a full
 * queue, a stopped process or a missing permission all count as live.
 */
export function probeSocket(path: string): Promise<SocketState> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const finish = (state: SocketState) => {
      socket.destroy();
      resolve(state);
    };
    socket.setTimeout(PROBE_MS, () => finish("live"));
    socket.once("connect", () => finish("live"));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") finish("dead");
      else finish(error.code === "ENOENT" ? "absent" : "live");
    });
  });
}
