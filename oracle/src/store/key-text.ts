import { byteKey } from "@ipse/protocol";

/** Up to here an array lies in the engine's heap, where a Buffer over it would have to take it out. */
const SHORT_BYTES_MAX = 64;

/** Keys as binary strings (one char per byte): JavaScript compares them in the order of their bytes. */
export function toKeyText(key: Uint8Array): string {
  if (key.length <= SHORT_BYTES_MAX) return byteKey(key);
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

export function fromKeyText(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

/** The same for native code alone, which copies at once: a short array of its own would get memory outside the heap for it. */
export function nativeKey(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
