import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { passOn, type Route, sendWithCredential } from "./forward.ts";
import { admit } from "./gate.ts";
import { requestHeaders, responseHeaders } from "./headers.ts";
import { refused } from "./problem.ts";

/** A connection that speaks another protocol now, on both sides. */
export interface Tunnel {
  destroy(): void;
}

function unlimited(socket: Duplex): void {
  const tcp = socket as Partial<Socket>;
  tcp.setTimeout?.(0);
  tcp.setKeepAlive?.(true, 30_000);
}

/** Ties two sockets together; the end of one is the end of the other. */
function join(near: Duplex, far: Duplex, onClose: () => void): Tunnel {
  const destroy = (): void => {
    near.destroy();
    far.destroy();
    onClose();
  };
  for (const socket of [near, far]) {
    unlimited(socket);
    socket.on("error", destroy).once("close", destroy);
  }
  near.pipe(far);
  far.pipe(near);
  return { destroy };
}

function switchingHead(response: IncomingMessage): string {
  const fields = ["Connection", "Upgrade", "Upgrade", "websocket", ...responseHeaders(response)];
  const lines = fields.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${fields[i + 1] ?? ""}`] : []));
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** An answer on a connection that node has already let go of. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.assignSocket(socket as Socket);
  response.shouldKeepAlive = false;
  response.once("finish", () => socket.end());
  return response;
}

/**
 * A WebSocket handshake (RFC 6455 section 4.1) with the credential on it. When the target switches, bytes pass
 * untouched in both directions; when it answers, the answer passes. Throws ProxyProblem.
 */
export async function forwardUpgrade(
  route: Route,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  response: ServerResponse,
  tunnels: Set<Tunnel>,
): Promise<void> {
  const path = admit(request, route.gate);
  const asked = request.headers.upgrade?.trim().toLowerCase();
  if (asked !== "websocket" || request.method !== "GET")
    throw refused(400, "ERR_PROXY_UPGRADE", "only WebSocket upgrades are forwarded");
  // A target that does not switch would take the next request on its connection for the body.
  const { "content-length": length = "0", "transfer-encoding": coding } = request.headers;
  if (Number(length) !== 0 || coding !== undefined)
    throw refused(400, "ERR_PROXY_UPGRADE", "a WebSocket handshake has no body");
  const gone = new AbortController();
  const abort = () => gone.abort();
  socket.once("close", abort);
  const headers = { ...requestHeaders(request), connection: "Upgrade", upgrade: "websocket" };
  const wish = { method: "GET", path, body: Buffer.alloc(0), signal: gone.signal };
  const { response: answer, upgraded } = await sendWithCredential(route, wish, headers);
  socket.off("close", abort);
  if (upgraded === undefined) {
    await passOn(route, answer, response, () => ["connection", "close"]);
    return;
  }
  response.detachSocket(socket as Socket);
  socket.write(switchingHead(answer));
  if (upgraded.head.length > 0) socket.write(upgraded.head);
  if (head.length > 0) upgraded.socket.write(head);
  const tunnel = join(socket, upgraded.socket, () => tunnels.delete(tunnel));
  tunnels.add(tunnel);
}
