import { connect, type Socket } from "node:net";
import { pino } from "pino";
import { WebSocket } from "ws";
import { parseConfig } from "../../src/config/index.ts";
import { listen } from "../../src/http/create-http.ts";
import { createSessionListener, type SessionListenerOptions } from "../../src/session-listener/index.ts";
import { FakeNode } from "./fake-node.ts";
import { group, signedRoster } from "./roster.ts";

export const { limits } = parseConfig(
  "version: 1\noracle: 1\nsession: { listen: 'localhost:0' }\nlocal: { listen: 'localhost:0' }\n",
  "test",
);
export const quiet = pino({ level: "silent" });
export const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

/** A session listener on a free loopback port over a fake core. */
export async function openListener(changes: Partial<SessionListenerOptions> = {}, node = new FakeNode(1)) {
  const listener = createSessionListener({
    node,
    group,
    clock,
    rosters: [signedRoster],
    voteSeed: node.voteSeed,
    limits,
    log: quiet,
    acceptPeer: (socket) => socket.terminate(),
    ...changes,
  });
  const port = await listen(listener.app, "test", "127.0.0.1", 0);
  return {
    listener,
    node,
    port,
    url: `ws://127.0.0.1:${port}/v1/session`,
    close: () => listener.app.close(),
  };
}

export interface Client {
  readonly socket: WebSocket;
  readonly frames: Uint8Array[];
  next(): Promise<Uint8Array>;
  readonly closed: Promise<number>;
}

/** A raw WebSocket client that can send anything. */
export async function openClient(url: string, headers: Record<string, string> = {}): Promise<Client> {
  const socket = new WebSocket(url, { perMessageDeflate: false, headers, rejectUnauthorized: false });
  const frames: Uint8Array[] = [];
  const waiting: ((frame: Uint8Array) => void)[] = [];
  socket.on("message", (data) => {
    const frame = new Uint8Array(data as Buffer);
    const next = waiting.shift();
    if (next === undefined) frames.push(frame);
    else next(frame);
  });
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.on("error", reject);
  });
  return {
    socket,
    frames,
    closed,
    next: () =>
      new Promise((resolve) => {
        const frame = frames.shift();
        if (frame === undefined) waiting.push(resolve);
        else resolve(frame);
      }),
  };
}

export function rawConnection(port: number): Socket {
  return connect({ host: "127.0.0.1", port });
}
