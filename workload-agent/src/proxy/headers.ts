import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";

/** Fields of one connection alone (RFC 9110 section 7.6.1), and what was never to leave it. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
];

/** What the application may not say: the credential and the host are the proxy's. 100-continue was answered here. */
const OURS = ["authorization", "dpop", "host", "expect"];

function namedByConnection(message: IncomingMessage): string[] {
  const fields = message.headersDistinct["connection"] ?? [];
  return fields.flatMap((value) => value.split(",")).map((name) => name.trim().toLowerCase());
}

/** Fields of the application's request that go on to the target; repeated ones stay repeated. */
export function requestHeaders(request: IncomingMessage): OutgoingHttpHeaders {
  const dropped = new Set([...HOP_BY_HOP, ...OURS, ...namedByConnection(request)]);
  // The length frames the body; an application that lists it as hop-by-hop changes nothing about that.
  dropped.delete("content-length");
  const out: OutgoingHttpHeaders = {};
  for (const [name, values = []] of Object.entries(request.headersDistinct)) {
    if (dropped.has(name)) continue;
    out[name] = values.length === 1 ? values[0] : values;
  }
  return out;
}

/** Fields of the target's response as they came; the DPoP nonce is between target and proxy. */
export function responseHeaders(response: IncomingMessage): string[] {
  const dropped = new Set([...HOP_BY_HOP, "dpop-nonce", ...namedByConnection(response)]);
  const out: string[] = [];
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
    const name = response.rawHeaders[i] ?? "";
    if (!dropped.has(name.toLowerCase())) out.push(name, response.rawHeaders[i + 1] ?? "");
  }
  return out;
}

/** Framing and routing have no place behind a body (RFC 9110 section 6.5.1). */
const NO_TRAILER = [...HOP_BY_HOP, ...OURS, "content-length", "dpop-nonce"];

/** Fields that came behind the response's body, once it has ended. */
export function responseTrailers({ rawTrailers }: IncomingMessage): [name: string, value: string][] {
  const out: [string, string][] = [];
  for (let i = 0; i + 1 < rawTrailers.length; i += 2) {
    const name = rawTrailers[i] ?? "";
    if (!NO_TRAILER.includes(name.toLowerCase())) out.push([name, rawTrailers[i + 1] ?? ""]);
  }
  return out;
}

/** The nonce of a target that wants one in the proof (RFC 9449 section 9); undefined when it said anything else. */
export function wantedNonce(response: IncomingMessage): string | undefined {
  if (response.statusCode !== 401) return undefined;
  const challenges = response.headersDistinct["www-authenticate"] ?? [];
  const wants = challenges.some((text) => /\bdpop\b/i.test(text) && /error="?use_dpop_nonce\b/.test(text));
  return wants ? response.headersDistinct["dpop-nonce"]?.[0] : undefined;
}

/** Whether a target calls the token itself no good (RFC 6750 section 3.1). */
export function callsTokenInvalid(response: IncomingMessage): boolean {
  const challenges = response.headersDistinct["www-authenticate"] ?? [];
  return response.statusCode === 401 && challenges.some((text) => /error="?invalid_token\b/.test(text));
}
