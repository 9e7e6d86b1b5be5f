import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { VerifyEs256 } from "@ipse/protocol/oauth";

/** What comes before the point in a P-256 SubjectPublicKeyInfo (RFC 5480 section 2). */
const SPKI_PREFIX = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex");
/** A client proves every request with the same key; importing it costs as much as verifying. */
const KEYS_MAX = 1024;
const keys = new Map<string, KeyObject>();

function keyOf(publicKey: Uint8Array): KeyObject {
  const name = Buffer.from(publicKey).toString("latin1");
  const known = keys.get(name);
  if (known !== undefined) return known;
  const der = Buffer.concat([SPKI_PREFIX, publicKey]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  keys.set(name, key);
  const [oldest] = keys.keys();
  if (keys.size > KEYS_MAX && oldest !== undefined) keys.delete(oldest);
  return key;
}

/** ES256 by OpenSSL: an order of magnitude quicker than the portable one. A point off the curve is false. */
export const nodeEs256: VerifyEs256 = (publicKey, message, signature) => {
  try {
    return verify("sha256", message, { key: keyOf(publicKey), dsaEncoding: "ieee-p1363" }, signature);
  } catch {
    return false;
  }
};
