/** Keys as binary strings (one char per byte): JavaScript compares them in the order of their bytes. */
export function toKeyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

export function fromKeyText(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}
