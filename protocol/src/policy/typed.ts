import { utf8 } from "../bytes.ts";

const DSSE = utf8("DSSEv1 ");
const TAG = utf8("ipse/");
const SIGNATURE_PARAMS = utf8("@signature-params");
const DOT = 0x2e;

function startsWith(bytes: Uint8Array, prefix: Uint8Array, at = 0): boolean {
  if (bytes.length < at + prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return false;
  return true;
}

function contains(bytes: Uint8Array, needle: Uint8Array): boolean {
  for (let at = 0; at + needle.length <= bytes.length; at++) if (startsWith(bytes, needle, at)) return true;
  return false;
}

/** The six bits of a base64 or base64url character; undefined for what lenient decoders skip. */
function sextet(byte: number): number | undefined {
  if (byte >= 0x41 && byte <= 0x5a) return byte - 0x41;
  if (byte >= 0x61 && byte <= 0x7a) return byte - 0x61 + 26;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30 + 52;
  if (byte === 0x2b || byte === 0x2d) return 62;
  return byte === 0x2f || byte === 0x5f ? 63 : undefined;
}

/** White space, NUL (UTF-16 and UTF-32 text) and the bytes of byte order marks. */
function isBlank(byte: number): boolean {
  return byte <= 0x20 || byte === 0xef || byte === 0xbb || byte === 0xbf || byte >= 0xfe;
}

/**
 * Whether somebody's verifier could read the bytes as a JWS signing input (RFC 7515 section 5.1; RFC 7797 with an
 * unencoded payload). Deliberately wider than the RFC: other people's base64 and JSON decoders skip foreign
 * characters, detect UTF-16 or accept NaN, so anything before the first dot that decodes to `{ ... }` counts.
 */
export function looksLikeJws(bytes: Uint8Array): boolean {
  const dot = bytes.indexOf(DOT);
  let first: number | undefined;
  let last: number | undefined;
  let word = 0;
  let bits = 0;
  for (let i = 0; i < dot; i++) {
    const value = sextet(bytes[i] ?? 0);
    if (value === undefined) continue;
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    const byte = (word >> bits) & 0xff;
    if (isBlank(byte)) continue;
    first ??= byte;
    last = byte;
  }
  return first === 0x7b && last === 0x7d;
}

/** Whether the bytes are, or could pass for, a message of another type (SPEC section 10): `raw` must not be. */
export function looksTyped(bytes: Uint8Array): boolean {
  // An Ipse signing input: a length byte, then the tag (encoding/hash.ts).
  return (
    startsWith(bytes, DSSE) ||
    startsWith(bytes, TAG, 1) ||
    contains(bytes, SIGNATURE_PARAMS) ||
    looksLikeJws(bytes)
  );
}
