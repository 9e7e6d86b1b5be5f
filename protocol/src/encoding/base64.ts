import { fromBase64Url, toBase64Url } from "../bytes.ts";

/** Standard base64 with padding (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  const text = toBase64Url(bytes).replaceAll("-", "+").replaceAll("_", "/");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

/** Standard or URL-safe base64: one alphabet, whole padding or none, canonical; undefined for anything else. */
export function fromBase64(text: string): Uint8Array | undefined {
  const [, digits, padding] = /^([A-Za-z0-9+/]*|[A-Za-z0-9_-]*)(={0,2})$/.exec(text) ?? [];
  if (digits === undefined || (padding !== "" && text.length % 4 !== 0)) return undefined;
  return fromBase64Url(digits.replaceAll("+", "-").replaceAll("/", "_"));
}
