import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { check } from "@ipse/protocol";
import { isLoopback } from "../platform/loopback.ts";
import { refused } from "./problem.ts";

/** Who may speak to the proxy, under which names. */
export interface Gate {
  /** Names beyond loopback under which applications reach the proxy. */
  readonly allowHosts: readonly string[];
  /** The proxy listens beyond loopback: any literal address may be its own. */
  readonly beyondLoopback: boolean;
}

/** TRACE and its kin would show the application the credential (RFC 9110 section 9.3.8); CONNECT is a tunnel. */
const METHODS_REFUSED = ["CONNECT", "TRACE", "TRACK"];
const AUTHORITY = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?$/;

function valuesOf(request: IncomingMessage, name: string): string[] {
  return request.headersDistinct[name] ?? [];
}

function isOwnName(gate: Gate, authority: string): boolean {
  const name = AUTHORITY.exec(authority)?.[1]
    ?.toLowerCase()
    .replace(/^\[|\]$/g, "");
  if (name === undefined) return false;
  return isLoopback(name) || gate.allowHosts.includes(name) || (gate.beyondLoopback && isIP(name) !== 0);
}

/**
 * A browser must not be able to spend the workload's credential: a page reaches the proxy under a foreign name (DNS
 * rebinding), or says where it comes from (Fetch Metadata, RFC 6454 section 7).
 */
function checkCaller(request: IncomingMessage, gate: Gate): void {
  // Of two Host fields node shows one (RFC 9112 section 3.2 wants 400).
  const fields = request.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "host");
  const [host = "", ...more] = valuesOf(request, "host");
  const single = fields.length === 1 && more.length === 0;
  if (!single) throw refused(400, "ERR_PROXY_HOST", "the request needs exactly one Host");
  if (!isOwnName(gate, host))
    throw refused(421, "ERR_PROXY_HOST", "the request is for another host; --allow-host adds names");
  for (const origin of valuesOf(request, "origin")) {
    const own = isOwnName(gate, origin.replace(/^https?:\/\//, ""));
    if (!own) throw refused(403, "ERR_PROXY_ORIGIN", "a web page of another origin may not use the proxy");
  }
  const site = valuesOf(request, "sec-fetch-site");
  if (site.some((word) => word !== "same-origin" && word !== "none"))
    throw refused(403, "ERR_PROXY_ORIGIN", "a web page of another site may not use the proxy");
}

/** One decoding of what some servers decode before they look for dot segments, and parameters cut off. */
function climbs(path: string): boolean {
  const decoded = path.replace(/%(2e|2f|5c)/gi, (triplet) => decodeURIComponent(triplet));
  return decoded.split(/[/\\]/).some((segment) => /^\.\.?(;.*)?$/.test(segment));
}

/**
 * Only the origin form (RFC 9112 section 3.2.1) is forwarded, without dot segments: nothing names another host, and
 * nothing climbs out of the target's path. Returns path and query as they came. Throws ProxyProblem.
 */
export function admit(request: IncomingMessage, gate: Gate): string {
  const { method = "", url = "" } = request;
  if (METHODS_REFUSED.includes(method))
    throw refused(405, "ERR_PROXY_METHOD", "this method is not forwarded");
  const form = refused(400, "ERR_PROXY_FORM", "only requests for a path are forwarded, not for other hosts");
  if (!/^\/[\x21-\x7e]*$/.test(url) || /[\\#]/.test(url)) throw form;
  const [path = "/"] = url.split("?");
  if (path.startsWith("//") || climbs(path)) throw form;
  checkCaller(request, gate);
  return url;
}

/** HOST:PORT, [V6]:PORT. Throws ERR_USAGE. */
export function parseListen(text: string): { readonly host: string; readonly port: number } {
  const [, host = "", port = ""] = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})$/.exec(text) ?? [];
  check(host !== "" && Number(port) <= 65_535, "ERR_USAGE", "--listen must be HOST:PORT");
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}
