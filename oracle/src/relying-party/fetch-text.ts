import { IpseError } from "@ipse/protocol";

const TIMEOUT_MS = 5_000;
const CHARS_MAX = 1024 * 1024;

/** RFC 6749 section 2.3.1: id and secret are form-encoded, joined and base64-encoded. */
export function basicCredential(id: string, secret: string): string {
  const part = (text: string): string => new URLSearchParams({ v: text }).toString().slice("v=".length);
  return `Basic ${Buffer.from(`${part(id)}:${part(secret)}`).toString("base64")}`;
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
async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if ((init.method ?? "GET") !== "GET" || !wasClosed(error)) throw error;
    return fetch(url, init);
  }
}

/** A bounded GET or POST; redirects are errors. Rejects with ERR_KEYS_UNREACHABLE naming the host alone. */
export async function fetchText(
  url: string,
  init: RequestInit = {},
  timeoutMs = TIMEOUT_MS,
): Promise<string> {
  const { host } = new URL(url);
  try {
    const answer = await send(url, { ...init, redirect: "error", signal: AbortSignal.timeout(timeoutMs) });
    if (!answer.ok) throw new IpseError("ERR_KEYS_UNREACHABLE", `${host} answered ${answer.status}`);
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of answer.body ?? []) {
      size += chunk.length;
      if (size > CHARS_MAX) throw new IpseError("ERR_KEYS_UNREACHABLE", `${host} answered too much`);
      parts.push(chunk);
    }
    return Buffer.concat(parts).toString("utf8");
  } catch (error) {
    if (error instanceof IpseError) throw error;
    throw new IpseError("ERR_KEYS_UNREACHABLE", `${host} is unreachable`, { cause: error });
  }
}
