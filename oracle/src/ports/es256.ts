import { createPublicKey, verify } from "node:crypto";
import type { VerifyEs256 } from "@ipse/protocol/oauth";

/** What comes before the point in a P-256 SubjectPublicKeyInfo (RFC 5480 section 2). */
const SPKI_PREFIX = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d030107034200", "hex");

/** ES256 by OpenSSL: an order of magnitude quicker than the portable one. A point off the curve is false. */
export const nodeEs256: VerifyEs256 = (publicKey, message, signature) => {
  try {
    const der = Buffer.concat([SPKI_PREFIX, publicKey]);
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    return verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
  } catch {
    return false;
  }
};
