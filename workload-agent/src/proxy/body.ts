import type { IncomingMessage } from "node:http";
import { REPLAY_BYTES_MAX, REQUEST_MS } from "./limits.ts";
import { ProxyProblem, refused } from "./problem.ts";

const EMPTY = Buffer.alloc(0);

function readWhole(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const problem = (status: number, detail: string) =>
      new ProxyProblem(status, "ERR_PROXY_BODY", detail, "http_request_error");
    const timer = setTimeout(() => reject(problem(408, "the body did not arrive in time")), REQUEST_MS);
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", () => reject(problem(400, "the body broke off")));
    request.once("close", () => {
      clearTimeout(timer);
      reject(problem(400, "the body broke off"));
    });
  });
}

/**
 * A body whose length is known and small is held back, so that it can be sent twice; any other is a stream. Throws
 * ProxyProblem for a transfer coding beyond chunked (RFC 9112 section 6.1): what goes on would not say so.
 */
export async function bodyOf(request: IncomingMessage): Promise<Buffer | IncomingMessage> {
  const { "content-length": length, "transfer-encoding": coding } = request.headers;
  if (coding !== undefined) {
    if (coding.trim().toLowerCase() === "chunked") return request;
    throw refused(501, "ERR_PROXY_BODY", "no transfer coding but chunked is forwarded");
  }
  if (length === undefined) return EMPTY;
  return Number(length) <= REPLAY_BYTES_MAX ? readWhole(request) : request;
}
