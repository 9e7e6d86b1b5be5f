import { sha256 } from "@noble/hashes/sha2.js";
import { toBase64 } from "../encoding/base64.ts";

/** The value of a Content-Digest field (RFC 9530 section 2): a dictionary with SHA-256 of the content. */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${toBase64(sha256(body))}:`;
}
