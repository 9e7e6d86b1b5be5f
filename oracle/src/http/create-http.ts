import { constants } from "node:crypto";
import { createServer as createPlain, type RequestListener, type Server } from "node:http";
import { createServer as createTls } from "node:https";
import { errorCode, IpseError } from "@ipse/protocol";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import type { Limits } from "../config/index.ts";

export interface TlsMaterial {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface HttpOptions {
  readonly tls?: TlsMaterial | undefined;
  /** Pinned listeners speak TLS 1.3 without resumption; WebPKI ones also 1.2. */
  readonly pinned?: boolean;
  readonly limits: Limits;
}

const BODY_BYTES_MAX = 128 * 1024;
/** How often node looks for requests that take too long; its own default lets them be for half a minute more. */
const TIMING = { connectionsCheckingInterval: 1_000 };

function createServer(options: HttpOptions, listener: RequestListener): Server {
  const { tls, pinned = false } = options;
  if (tls === undefined) return createPlain(TIMING, listener);
  // Without tickets and without a session cache nothing can be resumed: a resumed session would have no certificate to pin.
  const modern = { minVersion: "TLSv1.3", secureOptions: constants.SSL_OP_NO_TICKET } as const;
  const own = pinned ? modern : ({ minVersion: "TLSv1.2" } as const);
  return createTls({ ...TIMING, ...tls, ...own, ALPNProtocols: ["http/1.1"] }, listener);
}

/** Destroys connections of an address that holds too many; loopback is exempt (proxies, dev). */
function limitAddresses(server: Server, max: number): void {
  const open = new Map<string, number>();
  server.on("connection", (socket) => {
    const from = socket.remoteAddress ?? "";
    if (from === "::1" || from.startsWith("127.") || from.startsWith("::ffff:127.")) return;
    const count = (open.get(from) ?? 0) + 1;
    if (count > max) {
      socket.destroy();
      return;
    }
    open.set(from, count);
    socket.once("close", () => {
      const left = (open.get(from) ?? 1) - 1;
      if (left <= 0) open.delete(from);
      else open.set(from, left);
    });
  });
}

/** HTTP status of a stable error code. */
export function statusOf(code: string): number {
  if (code === "ERR_INTERNAL") return 500;
  if (/^ERR_(FENCED|BUSY|STOPPING|NOT_READY)/.test(code)) return 503;
  if (/_(SIGNER|SIGNATURE|THRESHOLD|OPERATOR_VALIDITY|FORBIDDEN)$/.test(code)) return 403;
  if (/_NOT_FOUND$/.test(code)) return 404;
  return 400;
}

/** Sends RFC 9457 problem details with our stable code as an extension member. */
export function sendProblem(reply: FastifyReply, status: number, code: string, detail: string): FastifyReply {
  const body = { type: `urn:ipse:error:${code}`, title: code, status, detail, code };
  return reply.code(status).type("application/problem+json").send(JSON.stringify(body));
}

function setErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: unknown, _request, reply) => {
    if (error instanceof IpseError)
      return sendProblem(reply, statusOf(error.code), error.code, error.message);
    const { statusCode, code } = error as { statusCode?: number; code?: string };
    const status = statusCode !== undefined && statusCode >= 400 && statusCode < 500 ? statusCode : 500;
    if (status === 500) reply.log.error({ err: error }, "http.failed");
    const name =
      status === 500 ? errorCode(error) : `ERR_HTTP_${(code ?? "REQUEST").replace(/^FST_ERR_/, "")}`;
    return sendProblem(
      reply,
      status,
      name,
      status === 500 ? "internal error" : "the request is not acceptable",
    );
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      404,
      "ERR_HTTP_NOT_FOUND",
      `no such resource: ${request.method} ${request.url.slice(0, 200)}`,
    ),
  );
}

/** A fastify server with our bounds and our error format; nothing listens yet. */
export function createHttp(options: HttpOptions): FastifyInstance {
  const { limits } = options;
  const app = fastify({
    serverFactory: (listener) => createServer(options, listener as RequestListener),
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 2100, ignoreTrailingSlash: false },
  });
  const { server } = app;
  server.maxConnections = limits.connections;
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 15_000;
  server.maxHeadersCount = 64;
  limitAddresses(server, limits.connections_per_address);
  setErrors(app);
  return app;
}

/** Binds the address; a taken port or a missing right becomes one clear sentence. */
export async function listen(
  app: FastifyInstance,
  what: string,
  host: string,
  port: number,
): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = { EADDRINUSE: "the port is taken", EACCES: "no permission to use the port" }[code ?? ""];
    throw new IpseError(
      "ERR_LISTEN",
      `cannot listen on ${host}:${port} (${what}): ${why ?? code ?? "failed"}`,
      { cause },
    );
  }
  const bound = app.server.address();
  return typeof bound === "object" && bound !== null ? bound.port : port;
}
