import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { IpseError } from "@ipse/protocol";
import { errnoOf } from "../state/system-errors.ts";
import { forward, type Route } from "./forward.ts";
import { CONNECTIONS_MAX, GRACE_MS, HEADER_BYTES_MAX, IDLE_MS, REQUEST_MS, WATCH_MS } from "./limits.ts";
import { ProxyProblem, refused, sendProblem } from "./problem.ts";
import { forwardUpgrade, responseOn, type Tunnel } from "./upgrade.ts";

export interface ProxyOptions extends Route {
  /** Hears what the proxy answered itself; never a path, a header or a token. */
  readonly onProblem: (problem: { readonly code: string; readonly status: number }) => void;
  readonly connectionsMax?: number;
  readonly watchMs?: number;
}

function asProblem(error: unknown): ProxyProblem {
  if (error instanceof ProxyProblem) return error;
  return new ProxyProblem(500, "ERR_INTERNAL", "the proxy failed", "proxy_internal_error");
}

/** Puts the workload's credential on every request to one target, so that the application holds none. */
export class SecretlessProxy {
  readonly #options: ProxyOptions;
  readonly #server: Server;
  readonly #tunnels = new Set<Tunnel>();
  #watch: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: ProxyOptions) {
    this.#options = options;
    const limits = {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: REQUEST_MS,
      // Bodies are streams and may take long; idle ones are cut off.
      requestTimeout: 0,
      keepAliveTimeout: REQUEST_MS,
      connectionsCheckingInterval: 5000,
    };
    const server = createServer(limits, (request, response) => void this.#serve(request, response));
    server.timeout = IDLE_MS;
    server.maxConnections = options.connectionsMax ?? CONNECTIONS_MAX;
    // Beyond a count node drops fields in silence; maxHeaderSize bounds them.
    server.maxHeadersCount = 0;
    server.on("upgrade", (request, socket, head) => void this.#upgrade(request, socket, head));
    server.on("connect", (request, socket) => {
      socket.on("error", () => socket.destroy());
      const problem = refused(405, "ERR_PROXY_METHOD", "this proxy makes no tunnels");
      this.#answer(responseOn(request, socket), problem);
    });
    this.#server = server;
  }

  /** Starts to listen; returns where. Throws ERR_PROXY_LISTEN. */
  async listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error) => {
        const why = `cannot listen on ${host}:${port} (${errnoOf(error)})`;
        reject(new IpseError("ERR_PROXY_LISTEN", why));
      });
      this.#server.listen(port, host, resolve);
    });
    this.#watch = setInterval(() => void this.#endRevoked(), this.#options.watchMs ?? WATCH_MS);
    this.#watch.unref();
    const { address, port: actual } = this.#server.address() as AddressInfo;
    return { host: address, port: actual };
  }

  /** Takes nothing new, lets requests under way finish for `graceMs`, then cuts them off. */
  async stop(graceMs = GRACE_MS): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#watch);
    const cut = setTimeout(() => {
      this.#server.closeAllConnections();
      this.#endTunnels();
    }, graceMs);
    await new Promise<void>((done) => {
      this.#server.close(() => done());
      this.#server.closeIdleConnections();
    });
    clearTimeout(cut);
    this.#options.target.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Looked at when the answer begins: a proxy that is to stop keeps no connection alive.
    const more = () => (this.#stopping ? ["connection", "close"] : []);
    try {
      await forward(this.#options, request, response, more);
    } catch (error) {
      // What is left of the body is read away, so that the answer is not lost in a reset.
      request.resume();
      this.#answer(response, error);
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy());
    const response = responseOn(request, socket);
    try {
      await forwardUpgrade(this.#options, request, socket, head, response, this.#tunnels);
    } catch (error) {
      this.#answer(response, error);
    }
  }

  #answer(response: ServerResponse, error: unknown): void {
    // The application is gone, or its answer broke off on the way: there is nobody to tell.
    if (response.destroyed || response.headersSent) {
      response.destroy();
      return;
    }
    const problem = asProblem(error);
    this.#options.onProblem({ code: problem.code, status: problem.status });
    sendProblem(response, problem);
  }

  #endTunnels(): void {
    for (const tunnel of [...this.#tunnels]) tunnel.destroy();
  }

  /** An upgraded connection outlives its token; it must not outlive its instance. */
  async #endRevoked(): Promise<void> {
    if (this.#tunnels.size === 0) return;
    try {
      await this.#options.credentials.check();
    } catch (error) {
      const { reason } = asProblem(error);
      if (reason === "revoked" || reason === "quarantined") this.#endTunnels();
    }
  }
}
