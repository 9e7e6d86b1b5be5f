import { isIP } from "node:net";

/** The host of a URL as addresses are written: IPv6 without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

/** Literal loopback addresses, and the one name that RFC 6761 section 6.3 reserves for them. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}
