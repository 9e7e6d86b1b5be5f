import { IpseError } from "@ipse/protocol";

const TIMEOUT_MS = 5_000;
const CHARS_MAX = 1024 * 1024;

/** A bounded GET or POST; redirects are errors. Rejects with ERR_KEYS_UNREACHABLE naming the host alone. */
export async function fetchText(url: string, init: RequestInit = {}): Promise<string> {
  const { host } = new URL(url);
  try {
    const answer = await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
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
