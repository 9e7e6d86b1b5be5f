import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { bodyOf } from "./body.ts";
import type { Credentials } from "./credentials.ts";
import { admit, type Gate } from "./gate.ts";
import {
  callsTokenInvalid,
  requestHeaders,
  responseHeaders,
  responseTrailers,
  wantedNonce,
} from "./headers.ts";
import { ProxyProblem } from "./problem.ts";
import { StaleConnection, type Target, type TargetReply, type TargetRequest } from "./target.ts";

export interface Route {
  readonly gate: Gate;
  readonly target: Target;
  readonly credentials: Credentials;
}

/** RFC 9110 section 9.2.2 */
const IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];
/** One for a nonce, one for a connection that was closed meanwhile. */
const ATTEMPTS_MAX = 3;

const nonceWanted = (): ProxyProblem =>
  new ProxyProblem(
    503,
    "ERR_PROXY_NONCE",
    "the target wants a fresh DPoP nonce and this body cannot be sent twice; it is known now, send again",
    "http_request_error",
    "nonce",
  );

/**
 * Sends a request with its credential. A target that wants a nonce gets it once (RFC 9449 section 9), an idle
 * connection that was closed meanwhile is replaced; both only when the body can be sent again.
 */
export async function sendWithCredential(
  { target, credentials }: Route,
  request: Omit<TargetRequest, "headers">,
  headers: OutgoingHttpHeaders,
): Promise<TargetReply> {
  const { method, path, body, signal } = request;
  const replayable = Buffer.isBuffer(body);
  let retriedNonce = false;
  for (let attempt = 1; ; attempt++) {
    const credential = await credentials.for(method, target.urlOf(path));
    signal.throwIfAborted();
    try {
      const reply = await target.send({ ...request, headers: { ...headers, ...credential } });
      credentials.learn(reply.response.headersDistinct["dpop-nonce"]?.[0]);
      if (wantedNonce(reply.response) === undefined || retriedNonce) return reply;
      reply.response.destroy();
      if (!replayable) throw nonceWanted();
      retriedNonce = true;
    } catch (error) {
      const again = error instanceof StaleConnection && replayable && IDEMPOTENT.includes(method);
      if (!again || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

/** Passes the target's answer on, with `more` fields as they are at that moment. A token the target calls invalid may mean that the instance is over: then 503. */
export async function passOn(
  { credentials }: Route,
  from: IncomingMessage,
  to: ServerResponse,
  more: () => readonly string[],
): Promise<void> {
  if (callsTokenInvalid(from)) {
    try {
      await credentials.check();
    } catch (error) {
      from.destroy();
      throw error;
    }
  }
  const { statusCode = 502, statusMessage = "" } = from;
  to.writeHead(statusCode, statusMessage, [...responseHeaders(from), ...more()]);
  // Before the end that the pipeline passes on; node leaves them out where the answer has a length.
  from.once("end", () => to.addTrailers(responseTrailers(from)));
  // What breaks off on one side breaks off on the other: a cut answer must not look like a whole one.
  await pipeline(from, to);
}

/** One request of the application, to its end. Throws ProxyProblem while nothing was answered. */
export async function forward(
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
  more: () => readonly string[],
): Promise<void> {
  const path = admit(request, route.gate);
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  const { method = "GET" } = request;
  const headers = requestHeaders(request);
  const body = await bodyOf(request);
  const reply = await sendWithCredential(route, { method, path, body, signal: gone.signal }, headers);
  await passOn(route, reply.response, response, more);
}
