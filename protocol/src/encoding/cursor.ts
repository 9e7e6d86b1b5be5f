import { IpseError } from "../errors.ts";

const BYTES_START = 4096;
/** A buffer that one large value made grow further than this is not kept for the next one. */
const BYTES_KEPT_MAX = 64 * 1024;
/** Below this a loop is faster than the call that copies. */
const LOOP_BYTES_MAX = 24;

const tooLarge = (width: number): IpseError =>
  new IpseError("ERR_ENCODING", `not an unsigned integer of ${width} bytes`);

/** Appends to a growing buffer, which is used again for the next value. */
export class ByteWriter {
  #buffer = new Uint8Array(BYTES_START);
  #length = 0;

  /** Makes room and says where it begins. */
  #take(count: number): number {
    const start = this.#length;
    const end = start + count;
    if (end > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(this.#buffer.length * 2, end));
      grown.set(this.#buffer);
      this.#buffer.fill(0);
      this.#buffer = grown;
    }
    this.#length = end;
    return start;
  }

  /** Writes an unsigned big-endian integer. Throws ERR_ENCODING when it does not fit. */
  uint(value: number, width: 1 | 2 | 4 | 8): void {
    if (width === 8) {
      if (!Number.isSafeInteger(value) || value < 0) throw tooLarge(8);
      const low = value % 2 ** 32;
      this.#word((value - low) / 2 ** 32);
      this.#word(low);
    } else if (width === 4) {
      if (value >>> 0 !== value) throw tooLarge(4);
      this.#word(value);
    } else {
      if ((value & (width === 1 ? 0xff : 0xffff)) !== value) throw tooLarge(width);
      const start = this.#take(width);
      if (width === 2) this.#buffer[start] = value >> 8;
      this.#buffer[start + width - 1] = value;
    }
  }

  #word(value: number): void {
    const start = this.#take(4);
    const buffer = this.#buffer;
    buffer[start] = value >>> 24;
    buffer[start + 1] = value >>> 16;
    buffer[start + 2] = value >>> 8;
    buffer[start + 3] = value;
  }

  bytes(value: Uint8Array): void {
    const { length } = value;
    const start = this.#take(length);
    const buffer = this.#buffer;
    if (length > LOOP_BYTES_MAX) return buffer.set(value, start);
    for (let i = 0; i < length; i++) buffer[start + i] = value[i] ?? 0;
  }

  /** What was written so far: a view that is good until the next write or `clear`. */
  written(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Wipes the working buffer (it may have held secrets) for the next value. */
  clear(): void {
    this.#buffer.fill(0, 0, this.#length);
    if (this.#buffer.length > BYTES_KEPT_MAX) this.#buffer = new Uint8Array(BYTES_START);
    this.#length = 0;
  }
}

/** Writers that are free; more than one only where writing one value encodes another. */
const free: ByteWriter[] = [];

/** Hands out a writer for as long as `use` runs; it is wiped afterwards, also when `use` throws. */
export function withWriter<R>(use: (writer: ByteWriter) => R): R {
  const writer = free.pop() ?? new ByteWriter();
  try {
    return use(writer);
  } finally {
    writer.clear();
    free.push(writer);
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
    const buffer = this.#buffer;
    let value = buffer[start] ?? 0;
    for (let i = 1; i < width; i++) value = value * 256 + (buffer[start + i] ?? 0);
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
