import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8 } from "../bytes.ts";
import type { Codec } from "./codec.ts";
import { withWriter } from "./cursor.ts";

/** 32 bytes of SHA-256. */
export type Hash = Uint8Array;

/** Every domain tag of the protocol: one per meaning, so that no two hashes or signatures can stand for each other. */
export type Tag = `ipse/v1/${string}`;

interface Domain {
  /** Length of the tag, then the tag. */
  readonly prefix: Uint8Array;
  /** SHA-256 that has taken the prefix in; only ever copied. */
  readonly begun: ReturnType<typeof sha256.create>;
}

const domains = new Map<Tag, Domain>();
/** One working state for all hashes: a new one costs more than hashing a short value. `digest` wipes it. */
const working = sha256.create();

function domain(tag: Tag): Domain {
  let found = domains.get(tag);
  if (found === undefined) {
    const name = utf8(tag);
    const prefix = concatBytes(Uint8Array.of(name.length), name);
    found = { prefix, begun: sha256.create().update(prefix) };
    domains.set(tag, found);
  }
  return found;
}

/** SHA-256 over (length of tag, tag, payload). */
export function taggedHash(tag: Tag, ...parts: readonly Uint8Array[]): Hash {
  const state = domain(tag).begun._cloneInto(working);
  for (const part of parts) state.update(part);
  return state.digest();
}

/** Hash of a value's canonical encoding. */
export function hashOf<T>(tag: Tag, codec: Codec<T>, value: T): Hash {
  return withWriter((writer) => {
    codec.write(writer, value);
    return taggedHash(tag, writer.written());
  });
}

/** The bytes an Ed25519 key signs for a value: tag, then the hash of its canonical encoding. */
export function signingInput<T>(tag: Tag, codec: Codec<T>, value: T): Uint8Array {
  return concatBytes(domain(tag).prefix, hashOf(tag, codec, value));
}

/** Remembers, per object, a function of values that are never changed in place. Nobody may change the result either. */
export function remembered<T extends object, R>(compute: (value: T) => R): (value: T) => R {
  const known = new WeakMap<T, R>();
  return (value) => {
    let result = known.get(value);
    if (result === undefined) {
      result = compute(value);
      known.set(value, result);
    }
    return result;
  };
}
