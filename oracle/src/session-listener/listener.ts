import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { CONNECTION_MS_MAX, FRAME_BYTES_MAX } from "@ipse/protocol";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { type WebSocket, WebSocketServer } from "ws";
import type { Limits } from "../config/index.ts";
import { createHttp, type TlsMaterial } from "../http/create-http.ts";
import { AgentConnection } from "./agent-connection.ts";
import { type RegistryDeps, registryRoutes } from "./registry-routes.ts";

export interface SessionListenerOptions extends RegistryDeps {
  readonly tls?: TlsMaterial | undefined;
  readonly limits: Limits;
  readonly log: Logger;
  /** Takes over the connections at /v1/peer. */
  readonly acceptPeer: (socket: WebSocket, wire: Duplex) => void;
  readonly helloMs?: number;
  readonly pingMs?: number;
  readonly lifetimeMs?: number;
}

export interface SessionListener {
  readonly app: FastifyInstance;
  readonly connections: number;
  /** Tells the agents to reconnect elsewhere and waits, up to a limit, while answers under way finish. */
  drain(waitMs: number): Promise<void>;
}

const DRAIN_POLL_MS = 20;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Between 3/4 of the limit and the limit, so that connections made together do not end together. */
function jittered(limitMs: number): number {
  return Math.floor(limitMs * (0.75 + 0.25 * Math.random()));
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

class Connections {
  readonly #open = new Set<AgentConnection>();
  readonly #options: SessionListenerOptions;

  constructor(options: SessionListenerOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  accept(socket: WebSocket, wire: Duplex): void {
    const { node, limits, log, helloMs = 10_000, pingMs = 30_000, lifetimeMs } = this.#options;
    const connection = new AgentConnection(socket, wire, {
      node,
      limits,
      log,
      helloMs,
      pingMs,
      lifetimeMs: jittered(lifetimeMs ?? CONNECTION_MS_MAX),
    });
    this.#open.add(connection);
    socket.once("close", () => this.#open.delete(connection));
  }

  drain(): void {
    for (const connection of this.#open) connection.drain();
  }
}

/** The session listener: agents and peers over WebSocket, the registry over HTTP. Nothing listens yet. */
export function createSessionListener(options: SessionListenerOptions): SessionListener {
  const app = createHttp({ tls: options.tls, pinned: true, limits: options.limits });
  const connections = new Connections(options);
  const ws = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: false,
    clientTracking: false,
  });
  const routes: Readonly<Record<string, (socket: WebSocket, request: IncomingMessage) => void>> = {
    "/v1/session": (socket, request) => connections.accept(socket, request.socket),
    "/v1/peer": (socket, request) => options.acceptPeer(socket, request.socket),
  };
  let draining = false;
  const upgraded = new Set<Duplex>();
  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    const path = (request.url ?? "").split("?")[0] ?? "";
    const accept = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (draining) refuseUpgrade(socket, "503 Service Unavailable");
    else if (accept === undefined) refuseUpgrade(socket, "404 Not Found");
    // Agents and oracles are no browsers: a page that reaches for a loopback oracle names its origin.
    else if (request.headers.origin !== undefined) refuseUpgrade(socket, "403 Forbidden");
    else ws.handleUpgrade(request, socket, head, accept);
  });
  // Upgraded connections are no longer the server's to close, and would keep it open.
  app.addHook("preClose", (done) => {
    for (const socket of upgraded) socket.destroy();
    done();
  });
  app.register((scope, _options, done) => {
    registryRoutes(scope, options);
    done();
  });
  return {
    app,
    get connections() {
      return connections.size;
    },
    async drain(waitMs) {
      draining = true;
      connections.drain();
      const until = performance.now() + waitMs;
      while (connections.size > 0 && performance.now() < until) await pause(DRAIN_POLL_MS);
    },
  };
}
