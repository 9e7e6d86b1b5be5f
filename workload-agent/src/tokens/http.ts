import { check, IpseError } from "@ipse/protocol";
import { hostOf, isLoopback } from "../platform/loopback.ts";

/** A response whose body was read whole and fitted. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as JSON; undefined when it is not. */
  readonly json: unknown;
}

const BODY_BYTES_MAX = 256 * 1024;

/** Secrets and tokens travel over TLS, or stay on this machine. Throws ERR_TOKEN_URL. */
export function checkUrl(url: string, what: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const local = parsed?.protocol === "http:" && isLoopback(hostOf(parsed));
  const good = parsed !== undefined && (parsed.protocol === "https:" || local);
  check(good, "ERR_TOKEN_URL", `${what} must be an https URL (http only on loopback)`);
  check(parsed.username === "" && parsed.hash === "", "ERR_TOKEN_URL", `${what} has a user or a fragment`);
  return parsed;
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    check(size <= BODY_BYTES_MAX, "ERR_TOKEN_RESPONSE", "the server's answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How a connection ends that the server closed before it answered anything: mostly one that was kept open too long. */
const CLOSED = ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"];

function wasClosed(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return CLOSED.some((code) => code === cause?.code);
}

/**
 * A GET goes once more, on a new connection, when the server closed the one it went over without an answer (RFC 9110
 * section 9.2.2). Anything else may have been acted upon, and is the caller's to make anew.
 */
async function send(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if ((init.method ?? "GET") !== "GET" || !wasClosed(error)) throw error;
    return fetch(url, init);
  }
}

/** One request with a time limit; redirects are errors. Throws ERR_TOKEN_UNREACHABLE naming the host only. */
export async function request(url: URL, init: RequestInit, timeoutMs: number): Promise<HttpAnswer> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await send(url, { ...init, redirect: "error", signal });
    const { status, headers } = response;
    return { status, headers, json: asJson(await readBounded(response)) };
  } catch (error) {
    if (error instanceof IpseError) throw error;
    const late = error instanceof Error && error.name === "TimeoutError";
    throw new IpseError(
      "ERR_TOKEN_UNREACHABLE",
      `${url.host} ${late ? "did not answer in time" : "is unreachable"}`,
    );
  }
}
