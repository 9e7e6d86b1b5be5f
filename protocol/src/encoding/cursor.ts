import { IpseError } from "../errors.ts";

/** Appends to a growing buffer. */
export class ByteWriter {
  #buffer = new Uint8Array(256);
  #length = 0;

  #reserve(count: number): void {
    if (this.#length + count <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + count));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer.fill(0);
    this.#buffer = grown;
  }

  /** Writes an unsigned big-endian integer. Throws ERR_ENCODING when it does not fit. */
  uint(value: number, width: 1 | 2 | 4 | 8): void {
    const fits = Number.isSafeInteger(value) && value >= 0 && (width === 8 || value < 2 ** (8 * width));
    if (!fits) throw new IpseError("ERR_ENCODING", `not an unsigned integer of ${width} bytes`);
    this.#reserve(width);
    const low = value % 2 ** 32;
    const high = (value - low) / 2 ** 32;
    for (let i = 0; i < width; i++) {
      const shift = 8 * (width - 1 - i);
      this.#buffer[this.#length + i] = shift < 32 ? low >>> shift : high >>> (shift - 32);
    }
    this.#length += width;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  /** Returns the written bytes and wipes the working buffer (it may have held secrets). */
  finish(): Uint8Array {
    const out = this.#buffer.slice(0, this.#length);
    this.#buffer.fill(0);
    this.#length = 0;
    return out;
  }
}

/** Reads from a fixed buffer; every read checks what is left first. */
export class ByteReader {
  readonly #buffer: Uint8Array;
  #offset = 0;

  constructor(buffer: Uint8Array) {
    // A Node Buffer's slice() shares memory; a plain view's copies.
    this.#buffer = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }

  #take(count: number): number {
    const start = this.#offset;
    if (start + count > this.#buffer.length) throw new IpseError("ERR_ENCODING", "truncated");
    this.#offset = start + count;
    return start;
  }

  /** Reads an unsigned big-endian integer of at most 2^53 - 1. */
  uint(width: 1 | 2 | 4 | 8): number {
    const start = this.#take(width);
    let value = 0;
    for (let i = 0; i < width; i++) value = value * 256 + (this.#buffer[start + i] ?? 0);
    if (!Number.isSafeInteger(value)) throw new IpseError("ERR_ENCODING", "integer out of range");
    return value;
  }

  /** Reads a copy of the next `count` bytes. */
  bytes(count: number): Uint8Array {
    const start = this.#take(count);
    return this.#buffer.slice(start, start + count);
  }

  /** Throws ERR_ENCODING unless everything was read. */
  finish(): void {
    if (this.#offset !== this.#buffer.length) throw new IpseError("ERR_ENCODING", "trailing bytes");
  }
}
