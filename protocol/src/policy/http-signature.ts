import { check } from "../errors.ts";

/** One component identifier: a quoted name, then parameters (RFC 9421 section 2, RFC 8941 section 3.1.2). */
const BARE = `(?:"(?:[^"\\\\]|\\\\["\\\\])*"|:[A-Za-z0-9+/=]*:|\\?[01]|[A-Za-z0-9*.:/!#$%&'+^_|~-]+)`;
const PARAMETERS = `(?:;[a-z*][a-z0-9_.*-]*(?:=${BARE})?)*`;
const LINE = new RegExp(`^("(?:@[a-z-]+|[a-z0-9!#$%&'*+.^_|~-]+)"${PARAMETERS}): (.*)$`);
const TRAILER = new RegExp(`^${PARAMETERS}$`);
const LAST = '"@signature-params": ';

/** Printable ASCII and line feeds: what a signature base may hold (RFC 9421 section 2.5). */
function textOf(payload: Uint8Array): string | undefined {
  if (!payload.every((byte) => byte === 0x0a || (byte >= 0x20 && byte <= 0x7e))) return undefined;
  return new TextDecoder().decode(payload);
}

/**
 * A signature base (RFC 9421 section 2.5): one line per covered component, none twice, and last the one
 * `@signature-params` line that lists exactly these, in this order. Throws ERR_POLICY_HTTP_SIGNATURE.
 */
export function judgeHttpSignature(payload: Uint8Array): void {
  const rule = (holds: boolean, sentence: string): void =>
    check(holds, "ERR_POLICY_HTTP_SIGNATURE", sentence);
  const lines = textOf(payload)?.split("\n") ?? [];
  const last = lines.pop() ?? "";
  rule(last.startsWith(LAST), "the last line is not @signature-params");
  const names = lines.map((line) => LINE.exec(line)?.[1] ?? "");
  rule(!names.includes(""), "a line is not a covered component");
  rule(new Set(names).size === names.length, "a component is covered twice");
  rule(!names.some((name) => name.startsWith('"@signature-params"')), "@signature-params covers itself");
  const listed = `(${names.join(" ")})`;
  const value = last.slice(LAST.length);
  const exact = value.startsWith(listed) && TRAILER.test(value.slice(listed.length));
  rule(exact, "@signature-params does not list the lines above it");
}
