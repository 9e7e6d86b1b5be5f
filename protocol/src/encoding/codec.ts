import { utf8 } from "../bytes.ts";
import { IpseError } from "../errors.ts";
import { ByteReader, type ByteWriter, withWriter } from "./cursor.ts";

/**
 * A codec is one canonical, injective encoding of T: integers are big-endian
 * and fixed width, byte strings carry their length unless it is fixed, lists
 * their count, options and unions a tag byte. There is exactly one encoding of
 * a value, and every decoder is bounded before it allocates.
 */
export interface Codec<T> {
  write(writer: ByteWriter, value: T): void;
  read(reader: ByteReader): T;
}

export type Infer<C> = C extends Codec<infer T> ? T : never;

/** Encodes a value. Throws ERR_ENCODING when it does not fit its codec. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  return withWriter((writer) => {
    codec.write(writer, value);
    return writer.written().slice();
  });
}

/** A slab holds some dozen records; what is larger than this gets memory of its own. */
const SLAB_BYTES = 32 * 1024;
const SLAB_PART_MAX = 4096;
let slab = new ArrayBuffer(SLAB_BYTES);
let slabUsed = 0;

/**
 * The same for bytes that somebody copies at once: they lie in a slab with others of that kind, because memory of its own
 * is what costs most about a short array. HAZARD: whoever keeps them keeps the slab, and a slab
 * stays until it is full: not for secrets.
 */
export function encodeForCopying<T>(codec: Codec<T>, value: T): Uint8Array {
  return withWriter((writer) => {
    codec.write(writer, value);
    const written = writer.written();
    const { length } = written;
    if (length > SLAB_PART_MAX) return written.slice();
    if (slabUsed + length > SLAB_BYTES) {
      slab = new ArrayBuffer(SLAB_BYTES);
      slabUsed = 0;
    }
    const part = new Uint8Array(slab, slabUsed, length);
    part.set(written);
    slabUsed += length;
    return part;
  });
}

/** Decodes exactly one value. Throws ERR_ENCODING on truncated, oversized, trailing or non-canonical bytes. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  const value = codec.read(reader);
  reader.finish();
  return value;
}

function uint(width: 1 | 2 | 4 | 8): Codec<number> {
  return {
    write: (writer, value) => writer.uint(value, width),
    read: (reader) => reader.uint(width),
  };
}

export const u8: Codec<number> = uint(1);
export const u16: Codec<number> = uint(2);
export const u32: Codec<number> = uint(4);
/** 8 bytes on the wire, at most 2^53 - 1 as a value. */
export const u64: Codec<number> = uint(8);

export const bool: Codec<boolean> = {
  write: (writer, value) => writer.uint(value ? 1 : 0, 1),
  read: (reader) => {
    const tag = reader.uint(1);
    if (tag > 1) throw new IpseError("ERR_ENCODING", "a boolean is 0 or 1");
    return tag === 1;
  },
};

/** A version byte that must have one value. */
export function constant<const N extends number>(expected: N): Codec<N> {
  return {
    write: (writer, value) => {
      if (value !== expected) throw new IpseError("ERR_ENCODING", `expected version ${expected}`);
      writer.uint(expected, 1);
    },
    read: (reader) => {
      if (reader.uint(1) !== expected)
        throw new IpseError("ERR_ENCODING_VERSION", `expected version ${expected}`);
      return expected;
    },
  };
}

/** One byte naming one of the given words, by position. */
export function keyword<const W extends readonly string[]>(words: W): Codec<W[number]> {
  return {
    write: (writer, value) => {
      const index = words.indexOf(value);
      if (index < 0) throw new IpseError("ERR_ENCODING", "unknown keyword");
      writer.uint(index, 1);
    },
    read: (reader) => {
      const word = words[reader.uint(1)];
      if (word === undefined) throw new IpseError("ERR_ENCODING", "unknown keyword");
      return word;
    },
  };
}

/** A byte string of fixed length. Decoding copies. */
export function bytes(length: number): Codec<Uint8Array> {
  return {
    write: (writer, value) => {
      if (value.length !== length) throw new IpseError("ERR_ENCODING", `expected ${length} bytes`);
      writer.bytes(value);
    },
    read: (reader) => reader.bytes(length),
  };
}

/** A byte string of up to `max` bytes behind a 4-byte length. */
export function varBytes(max: number): Codec<Uint8Array> {
  return {
    write: (writer, value) => {
      if (value.length > max) throw new IpseError("ERR_ENCODING", `more than ${max} bytes`);
      writer.uint(value.length, 4);
      writer.bytes(value);
    },
    read: (reader) => {
      const length = reader.uint(4);
      if (length > max) throw new IpseError("ERR_ENCODING", `more than ${max} bytes`);
      return reader.bytes(length);
    },
  };
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 text of up to `max` bytes behind a 4-byte length. */
export function text(max: number): Codec<string> {
  const raw = varBytes(max);
  return {
    write: (writer, value) => {
      if (!value.isWellFormed()) throw new IpseError("ERR_ENCODING", "a string with a lone surrogate");
      raw.write(writer, utf8(value));
    },
    read: (reader) => {
      const encoded = raw.read(reader);
      try {
        return strictDecoder.decode(encoded);
      } catch (cause) {
        throw new IpseError("ERR_ENCODING", "not UTF-8", { cause });
      }
    },
  };
}

/** Up to `max` items behind a 2-byte count. */
export function list<T>(item: Codec<T>, max: number): Codec<readonly T[]> {
  return {
    write: (writer, value) => {
      if (value.length > max) throw new IpseError("ERR_ENCODING", `more than ${max} items`);
      writer.uint(value.length, 2);
      for (const entry of value) item.write(writer, entry);
    },
    read: (reader) => {
      const count = reader.uint(2);
      if (count > max) throw new IpseError("ERR_ENCODING", `more than ${max} items`);
      const out = new Array<T>(count);
      for (let i = 0; i < count; i++) out[i] = item.read(reader);
      return out;
    },
  };
}

/** A value that may be absent, behind one tag byte. */
export function optional<T>(item: Codec<T>): Codec<T | undefined> {
  return {
    write: (writer, value) => {
      bool.write(writer, value !== undefined);
      if (value !== undefined) item.write(writer, value);
    },
    read: (reader) => (bool.read(reader) ? item.read(reader) : undefined),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: inference over heterogeneous fields
type AnyFields = Readonly<Record<string, Codec<any>>>;
export type StructOf<F extends AnyFields> = { readonly [K in keyof F]: Infer<F[K]> };

type Fields = readonly { readonly name: string; readonly codec: Codec<unknown> }[];
type Values = Record<string, unknown>;

/** A codec of named fields. */
export interface Struct<T> extends Codec<T> {
  readonly fields: Fields;
}

/**
 * Reads fields into one object: first its `kind`, if it is a variant. The constructor of its own lets the engine
 * learn how many fields these objects have and make room for them at once.
 */
function fieldsReader(fields: Fields, kind?: string): (reader: ByteReader) => Values {
  const Shape = function (this: Values): void {
    if (kind !== undefined) this["kind"] = kind;
  } as unknown as new () => Values;
  // What is decoded is a plain object.
  (Shape as { prototype: unknown }).prototype = Object.prototype;
  return (reader) => {
    const out = new Shape();
    for (const { name, codec } of fields) out[name] = codec.read(reader);
    return out;
  };
}

/** Named fields, written in the order in which they are declared. */
export function struct<const F extends AnyFields>(named: F): Struct<StructOf<F>> {
  const fields: Fields = Object.entries(named).map(([name, codec]) => ({ name, codec }));
  return {
    fields,
    write: (writer, value) => {
      for (const { name, codec } of fields) codec.write(writer, (value as Values)[name]);
    },
    read: fieldsReader(fields) as (reader: ByteReader) => StructOf<F>,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: inference over heterogeneous variants
type VariantMap = Readonly<Record<string, readonly [tag: number, struct: Struct<any>]>>;
export type UnionOf<V extends VariantMap> = {
  readonly [K in keyof V]: { readonly kind: K } & Infer<V[K][1]>;
}[keyof V];

/** A tagged union of structs: one tag byte, then the variant. `kind` names it in memory. */
export function union<const V extends VariantMap>(variants: V): Codec<UnionOf<V>> {
  const readers = new Map<number, (reader: ByteReader) => Values>();
  for (const [kind, [tag, { fields }]] of Object.entries(variants)) {
    if (readers.has(tag)) throw new IpseError("ERR_INTERNAL", `tag ${tag} is used twice`);
    readers.set(tag, fieldsReader(fields, kind));
  }
  return {
    write: (writer, value) => {
      const variant = variants[value.kind as string];
      if (variant === undefined) throw new IpseError("ERR_ENCODING", "unknown variant");
      writer.uint(variant[0], 1);
      variant[1].write(writer, value);
    },
    read: (reader) => {
      const read = readers.get(reader.uint(1));
      if (read === undefined) throw new IpseError("ERR_ENCODING", "unknown variant");
      return read(reader) as UnionOf<V>;
    },
  };
}

/** A codec with a further check of the decoded or encoded value. */
export function refine<T>(codec: Codec<T>, accept: (value: T) => boolean, message: string): Codec<T> {
  const verify = (value: T): T => {
    if (!accept(value)) throw new IpseError("ERR_ENCODING", message);
    return value;
  };
  return {
    write: (writer, value) => codec.write(writer, verify(value)),
    read: (reader) => verify(codec.read(reader)),
  };
}
