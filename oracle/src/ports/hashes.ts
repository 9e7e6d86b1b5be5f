import { createHmac, hash } from "node:crypto";
import type { Hashes } from "@ipse/protocol/encoding";

/** The platform's hashes: several times as fast as portable JavaScript on short values. */
export const systemHashes: Hashes = {
  sha256: (bytes) => Uint8Array.from(hash("sha256", bytes, "buffer")),
  hmacSha512: (key, ...parts) => {
    const state = createHmac("sha512", key);
    for (const part of parts) state.update(part);
    return Uint8Array.from(state.digest());
  },
};
