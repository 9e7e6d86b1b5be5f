import { createHmac, hash } from "node:crypto";
import { concatBytes } from "@ipse/protocol";
import { type Hashes, useHashes } from "@ipse/protocol/encoding";
import type { Group } from "@ipse/protocol/group";
import { fastHash } from "./fast-hash.ts";
import { symbolicGroup } from "./symbolic-group.ts";

/** Stand-ins that only spread, as everything symbolic does. */
const idealHashes: Hashes = {
  sha256: (bytes) => fastHash([bytes]).subarray(0, 32),
  hmacSha512: (key, ...parts) => fastHash([key, concatBytes(...parts)]),
};

const realHashes: Hashes = {
  sha256: (bytes) => Uint8Array.from(hash("sha256", bytes, "buffer")),
  hmacSha512: (key, ...parts) => {
    const state = createHmac("sha512", key);
    for (const part of parts) state.update(part);
    return Uint8Array.from(state.digest());
  },
};

/** Chooses the hashes that belong to a group: whoever makes a world calls it first. */
export function useHashesOf(group: Group): void {
  useHashes(group === symbolicGroup ? idealHashes : realHashes);
}
