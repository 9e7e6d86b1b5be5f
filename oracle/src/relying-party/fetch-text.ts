import { IpseError } from "@ipse/protocol";

const TIMEOUT_MS = 5_000;
const CHARS_MAX = 1024 * 1024;

/** RFC 6749 section 2.3.1: id and secret are form-encoded, joined and base64-encoded. */
export function basicCredential(id: string, secret: string): string {
  const part = (text: string): string => new URLSearchParams({ v: text }).toString().slice("v=".length);
  return `Basic ${Buffer.from(`${part(id)}:${part(secret)}`).toString("base64")}`;
}

/** A bounded GET or POST; redirects are errors. Rejects with ERR_KEYS_UNREACHABLE naming the host alone. */
export async function fetchText(
  url: string,
  init: RequestInit = {},
  timeoutMs = TIMEOUT_MS,
): Promise<string> {
  const { host } = new URL(url);
  try {
    const answer = await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(timeoutMs) });
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
