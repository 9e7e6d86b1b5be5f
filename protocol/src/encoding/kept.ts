import { encode, type Struct } from "./codec.ts";
import { carried } from "./remembered.ts";

/**
 * The same encoding, for parts that one message brings and several records and messages hold then: each object's bytes are
 * made once and copied from then on. HAZARD: they stay as long as the object, so not for secrets, and the object is never
 * changed in place.
 */
export function kept<T extends object>(plain: Struct<T>): Struct<T> {
  const bytesOf = carried((value: T) => encode(plain, value));
  return { ...plain, write: (writer, value) => writer.bytes(bytesOf(value)) };
}
