/**
 * A fast, seedless 512-bit mixing function standing in for SHA-512 in symbolic
 * campaigns. It only has to spread: in the ideal model nobody attacks the hash.
 */
export function fastHash(parts: readonly Uint8Array[]): Uint8Array {
  let a = 0x243f6a88;
  let b = 0x85a308d3;
  let c = 0x13198a2e;
  let d = 0x03707344;
  for (const part of parts) {
    const { length } = part;
    a = Math.imul(a ^ length, 0x9e3779b1);
    for (let i = 0; i < length; i++) {
      const byte = part[i] ?? 0;
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b + byte, 0x85ebca6b) ^ a;
      c = (c << 5) - c + (a ^ d);
      d = Math.imul(d ^ b, 0xc2b2ae35) + c;
    }
  }
  const words = new Uint32Array(16);
  for (let i = 0; i < 16; i++) {
    a = Math.imul(a ^ (a >>> 16) ^ i, 0x7feb352d) + d;
    b = Math.imul(b ^ (b >>> 15), 0x846ca68b) ^ a;
    c = Math.imul(c ^ (c >>> 13), 0xc2b2ae35) + b;
    d = Math.imul(d ^ (d >>> 16), 0x27d4eb2f) ^ c;
    words[i] = a ^ (b >>> 7) ^ (d << 3);
  }
  return new Uint8Array(words.buffer);
}
