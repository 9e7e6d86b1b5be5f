import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8 } from "../bytes.ts";
import { type Codec, encode } from "./codec.ts";

/** 32 bytes of SHA-256. */
export type Hash = Uint8Array;

/** Every domain tag of the protocol: one per meaning, so that no two hashes or signatures can stand for each other. */
export type Tag = `ipse/v1/${string}`;

const prefixes = new Map<Tag, Uint8Array>();

function prefix(tag: Tag): Uint8Array {
  let bytes = prefixes.get(tag);
  if (bytes === undefined) {
    const name = utf8(tag);
    bytes = concatBytes(Uint8Array.of(name.length), name);
    prefixes.set(tag, bytes);
  }
  return bytes;
}

/** SHA-256 over (length of tag, tag, payload). */
export function taggedHash(tag: Tag, ...parts: readonly Uint8Array[]): Hash {
  const state = sha256.create().update(prefix(tag));
  for (const part of parts) state.update(part);
  return state.digest();
}

/** Hash of a value's canonical encoding. */
export function hashOf<T>(tag: Tag, codec: Codec<T>, value: T): Hash {
  return taggedHash(tag, encode(codec, value));
}

/** The bytes an Ed25519 key signs for a value: tag, then the hash of its canonical encoding. */
export function signingInput<T>(tag: Tag, codec: Codec<T>, value: T): Uint8Array {
  return concatBytes(prefix(tag), hashOf(tag, codec, value));
}
