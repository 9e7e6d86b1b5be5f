/** Takes bytes in, a word at a time, with the length of every part; 128 bits of state. */
class Mixer {
  a = 0x243f6a88;
  b = 0x85a308d3;
  c = 0x13198a2e;
  d = 0x03707344;

  begin(): void {
    this.a = 0x243f6a88;
    this.b = 0x85a308d3;
    this.c = 0x13198a2e;
    this.d = 0x03707344;
  }

  absorb(part: Uint8Array): void {
    let { a, b, c, d } = this;
    const { length } = part;
    a = Math.imul(a ^ length, 0x9e3779b1);
    for (let i = 0; i < length; i += 4) {
      const word =
        (part[i] ?? 0) | ((part[i + 1] ?? 0) << 8) | ((part[i + 2] ?? 0) << 16) | ((part[i + 3] ?? 0) << 24);
      a = Math.imul(a ^ word, 0xcc9e2d51);
      a ^= a >>> 15;
      b = Math.imul(b + word, 0x85ebca6b) ^ a;
      c = Math.imul((c << 13) | (c >>> 19), 5) + (b ^ d);
      d = Math.imul(d ^ b, 0xc2b2ae35) + c;
    }
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
  }

  /** The next 32 bits of output. */
  squeeze(i: number): number {
    this.a = (Math.imul(this.a ^ (this.a >>> 16) ^ i, 0x7feb352d) + this.d) | 0;
    this.b = Math.imul(this.b ^ (this.b >>> 15), 0x846ca68b) ^ this.a;
    this.c = (Math.imul(this.c ^ (this.c >>> 13), 0xc2b2ae35) + this.b) | 0;
    this.d = Math.imul(this.d ^ (this.d >>> 16), 0x27d4eb2f) ^ this.c;
    return this.a ^ (this.b >>> 7) ^ (this.d << 3);
  }
}

const mixer = new Mixer();

function mix(parts: readonly Uint8Array[]): void {
  mixer.begin();
  for (const part of parts) mixer.absorb(part);
}

/**
 * A fast, seedless 512-bit mixing function standing in for SHA-512 in symbolic
 * campaigns. It only has to spread: in the ideal model nobody attacks the hash.
 */
export function fastHash(parts: readonly Uint8Array[]): Uint8Array {
  mix(parts);
  const out = new Uint8Array(64);
  for (let i = 0; i < 16; i++) {
    const word = mixer.squeeze(i);
    out[4 * i] = word;
    out[4 * i + 1] = word >>> 8;
    out[4 * i + 2] = word >>> 16;
    out[4 * i + 3] = word >>> 24;
  }
  return out;
}

/** The first 48 bits of fastHash, read as a little-endian integer. */
export function fastHash48(parts: readonly Uint8Array[]): number {
  mix(parts);
  const low = mixer.squeeze(0) >>> 0;
  return low + (mixer.squeeze(1) & 0xffff) * 0x1_0000_0000;
}
