import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";

/**
 * The hash functions that the core calls most. They are a port: what the platform has (node:crypto) takes a
 * third of the time of portable JavaScript on short values.
 */
export interface Hashes {
  /** SHA-256 of one byte string (FIPS 180-4): 32 fresh bytes. The argument is not kept. */
  sha256(bytes: Uint8Array): Uint8Array;
  /** HMAC with SHA-512 (RFC 2104) over the parts one after the other: 64 fresh bytes. */
  hmacSha512(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
}

/** One working state for all hashes: a new one costs more than hashing a short value. `digest` wipes it. */
const working = sha256.create();
const empty = sha256.create();

/** The portable ones (@noble/hashes), which are used until others are chosen. */
export const portableHashes: Hashes = {
  sha256: (bytes) => empty._cloneInto(working).update(bytes).digest(),
  hmacSha512: (key, ...parts) => {
    const state = hmac.create(sha512, key);
    for (const part of parts) state.update(part);
    return state.digest();
  },
};

let chosen: Hashes = portableHashes;

/** Chooses the implementation for this process; an edge does so once, before anything else runs. */
export function useHashes(hashes: Hashes): void {
  chosen = hashes;
}

/** The implementation in use. */
export function hashes(): Hashes {
  return chosen;
}
