import http, { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import https from "node:https";
import type { Duplex, Readable } from "node:stream";
import { check } from "@ipse/protocol";
import { hostOf } from "../platform/loopback.ts";
import { checkUrl } from "../tokens/http.ts";
import { CONNECT_MS, HEADER_BYTES_MAX, IDLE_MS, RESPONSE_MS, TARGET_SOCKETS_MAX } from "./limits.ts";
import { ProxyProblem } from "./problem.ts";

export interface TargetRequest {
  readonly method: string;
  /** Path and query as the application sent them. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  /** A buffer can be sent again, a stream cannot. */
  readonly body: Buffer | Readable;
  /** The application is gone. */
  readonly signal: AbortSignal;
}

/** What the target did: it answered, or it switched protocols. */
export interface TargetReply {
  readonly response: IncomingMessage;
  readonly upgraded: { readonly socket: Duplex; readonly head: Buffer } | undefined;
}

/** The connection went away before an answer, and was an old one: nothing was served on it (RFC 9112 section 9.3.1). */
export class StaleConnection extends ProxyProblem {
  constructor() {
    super(502, "ERR_PROXY_TARGET", "the target closed the connection", "connection_terminated");
  }
}

const isReset = (code: string | undefined): boolean => code === "ECONNRESET" || code === "EPIPE";

function problemOf(error: Error & { readonly code?: string }, request: ClientRequest): ProxyProblem {
  if (error instanceof ProxyProblem) return error;
  if (request.reusedSocket && isReset(error.code)) return new StaleConnection();
  const detail = `the target cannot be reached (${error.code ?? "failed"})`;
  return new ProxyProblem(502, "ERR_PROXY_TARGET", detail, "destination_unavailable");
}

const late = (what: string, proxyError: string): ProxyProblem =>
  new ProxyProblem(504, "ERR_PROXY_TARGET_TIMEOUT", `the target did not ${what} in time`, proxyError);

/** Ends a request that does not connect, or is not answered, in time. */
function limitTime(request: ClientRequest, responseMs: number): () => void {
  const after = (ms: number, problem: ProxyProblem) => setTimeout(() => request.destroy(problem), ms);
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = after(responseMs, late("answer", "http_response_timeout"));
  };
  request.once("socket", (socket) => {
    if (!socket.connecting) return;
    const connecting = after(CONNECT_MS, late("accept a connection", "connection_timeout"));
    const done = () => clearTimeout(connecting);
    socket.once("connect", done).once("close", done);
  });
  request.once("finish", wait);
  request.once("timeout", () => request.destroy(late("go on", "connection_read_timeout")));
  return () => {
    // A target may answer while the body is still on its way.
    request.off("finish", wait);
    clearTimeout(timer);
  };
}

/** Node frames no body of unknown length behind GET, DELETE and their like: its bytes would be the next request. */
function framing(body: Buffer | Readable, headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const framed = Buffer.isBuffer(body) || headers["content-length"] !== undefined;
  return framed ? {} : { "transfer-encoding": "chunked" };
}

/** The one server that requests go to. */
export class Target {
  readonly #base: URL;
  readonly #path: string;
  readonly #agent: http.Agent;
  readonly #responseMs: number;

  /** Throws ERR_TOKEN_URL for what is neither https nor loopback, ERR_USAGE for a query. */
  constructor(url: string, responseMs = RESPONSE_MS) {
    this.#base = checkUrl(url, "the target");
    check(this.#base.search === "", "ERR_USAGE", "--target takes no query");
    this.#path = this.#base.pathname.replace(/\/$/, "");
    const options = { keepAlive: true, maxSockets: TARGET_SOCKETS_MAX, scheduling: "lifo" } as const;
    this.#agent = this.#base.protocol === "https:" ? new https.Agent(options) : new http.Agent(options);
    this.#responseMs = responseMs;
  }

  get origin(): string {
    return this.#base.origin;
  }

  /** `htu` of a request (RFC 9449 section 4.2): without its query. */
  urlOf(path: string): string {
    return `${this.origin}${this.#path}${path.split("?")[0] ?? ""}`;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Sends one request and waits for the head of its answer. Throws ProxyProblem. */
  send({ method, path, headers, body, signal }: TargetRequest): Promise<TargetReply> {
    const { protocol, host, port } = this.#base;
    const secure = protocol === "https:";
    const options = {
      host: hostOf(this.#base),
      port: port === "" ? (secure ? 443 : 80) : Number(port),
      method,
      path: `${this.#path}${path}`,
      headers: { ...headers, ...framing(body, headers), host },
      agent: this.#agent,
      maxHeaderSize: HEADER_BYTES_MAX,
      timeout: IDLE_MS,
      signal,
    };
    return new Promise((resolve, reject) => {
      const request = secure ? https.request(options) : http.request(options);
      const settle = limitTime(request, this.#responseMs);
      // Stays for errors after the answer began: those reach whoever reads the answer.
      request.on("error", (error) => {
        settle();
        if (!Buffer.isBuffer(body)) body.unpipe(request).resume();
        reject(problemOf(error, request));
      });
      const answer = (reply: TargetReply): void => {
        settle();
        resolve(reply);
      };
      request.once("response", (response) => answer({ response, upgraded: undefined }));
      request.once("upgrade", (response, socket, head) => answer({ response, upgraded: { socket, head } }));
      if (Buffer.isBuffer(body)) request.end(body);
      else body.pipe(request);
    });
  }
}
