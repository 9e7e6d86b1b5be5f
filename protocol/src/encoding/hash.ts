import { concatBytes, utf8 } from "../bytes.ts";
import type { Codec } from "./codec.ts";
import { withWriter } from "./cursor.ts";
import { hashes } from "./hashes.ts";

/** 32 bytes of SHA-256. */
export type Hash = Uint8Array;

/** Every domain tag of the protocol: one per meaning, so that no two hashes or signatures can stand for each other. */
export type Tag = `ipse/v1/${string}`;

/** Per tag: its length, then the tag. */
const prefixes = new Map<Tag, Uint8Array>();

function prefixOf(tag: Tag): Uint8Array {
  let prefix = prefixes.get(tag);
  if (prefix === undefined) {
    const name = utf8(tag);
    prefix = concatBytes(Uint8Array.of(name.length), name);
    prefixes.set(tag, prefix);
  }
  return prefix;
}

/** SHA-256 over (length of tag, tag, payload). */
export function taggedHash(tag: Tag, ...parts: readonly Uint8Array[]): Hash {
  return withWriter((writer) => {
    writer.bytes(prefixOf(tag));
    for (const part of parts) writer.bytes(part);
    return hashes().sha256(writer.written());
  });
}

/** Hash of a value's canonical encoding. */
export function hashOf<T>(tag: Tag, codec: Codec<T>, value: T): Hash {
  return withWriter((writer) => {
    writer.bytes(prefixOf(tag));
    codec.write(writer, value);
    return hashes().sha256(writer.written());
  });
}

/** The bytes an Ed25519 key signs for a value: tag, then the hash of its canonical encoding. */
export function signingInput<T>(tag: Tag, codec: Codec<T>, value: T): Uint8Array {
  return concatBytes(prefixOf(tag), hashOf(tag, codec, value));
}
