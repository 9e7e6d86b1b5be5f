import { sha256 } from "@noble/hashes/sha2.js";
import { fromBase64Url } from "../bytes.ts";

/** Bytes of a resource's introspection secret; the secret's text is their base64url. */
export const CREDENTIAL_BYTES = 32;

/**
 * What the registry keeps of a resource's secret: SHA-256 of its 32 random bytes. A plain hash is enough for
 * 256 bits of entropy. undefined: not such a secret.
 */
export function credentialHash(secret: string): Uint8Array | undefined {
  const bytes = fromBase64Url(secret);
  return bytes?.length === CREDENTIAL_BYTES ? sha256(bytes) : undefined;
}
