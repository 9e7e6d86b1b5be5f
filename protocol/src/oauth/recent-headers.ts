import { byteKey, utf8 } from "../bytes.ts";
import type { JsonValue } from "../encoding/strict-json.ts";
import type { JsonObject } from "./jwt.ts";

/** Headers that are remembered: more than the keys that are busy at one server. */
const RECENT_HEADERS_MAX = 2048;
/** Longer ones are not worth the memory; a DPoP proof's with a P-256 key in it has some 260 characters. */
const HEADER_CHARS_MAX = 1024;

function freeze(value: JsonValue): void {
  if (typeof value !== "object" || value === null) return;
  for (const member of Object.values(value)) freeze(member);
  Object.freeze(value);
}

/**
 * Remembers what the header of a JWT (its base64url text) says: whoever signs with one key writes the same header
 * each time. The whole text is compared; what `read` refuses is never kept, in two generations of bounded size. An
 * equal text gives the same frozen object while it is remembered. Answers never depend on what is.
 */
export function recentHeaders(
  read: (header: string) => JsonObject,
  headersMax = RECENT_HEADERS_MAX,
): (header: string) => JsonObject {
  let young = new Map<string, JsonObject>();
  let old = new Map<string, JsonObject>();
  return (header) => {
    const hit = young.get(header);
    if (hit !== undefined) return hit;
    const value = old.get(header) ?? read(header);
    if (header.length > HEADER_CHARS_MAX) return value;
    if (young.size >= headersMax / 2) {
      old = young;
      young = new Map();
    }
    freeze(value);
    // A copy: a part of a text keeps the whole of it in memory. What `read` took is ASCII.
    young.set(byteKey(utf8(header)), value);
    return value;
  };
}
