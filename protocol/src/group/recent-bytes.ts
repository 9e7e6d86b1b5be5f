/** Places a byte string may be in. */
export const WAYS = 4;
const PART_BYTES_MAX = 255;

/**
 * A table of places for byte strings of late, made once: neither looking one up nor keeping it leaves garbage. A string is
 * one or more parts of up to 255 bytes; all of it is compared, so that a find is certain. Each has four places by its
 * hash, which anybody may aim at: all that is lost then is what was remembered, and no answer may depend on that.
 */
export class RecentBytes {
  readonly #table: Int32Array;
  readonly #words: number;
  readonly #sets: number;
  /** Which place of a set is the next to be used again. */
  readonly #next: Uint8Array;
  /** What was looked up last: for each part its length and its bytes, then zeros. */
  readonly #entry: Int32Array;
  readonly #entryBytes: Uint8Array;
  #set = 0;

  /** `sets`: a power of two. `bytesMax`: of all parts of a string together with a byte for each. */
  constructor(sets: number, bytesMax: number) {
    this.#sets = sets;
    this.#words = Math.ceil(bytesMax / 4);
    this.#table = new Int32Array(sets * WAYS * this.#words);
    this.#next = new Uint8Array(sets);
    this.#entry = new Int32Array(this.#words);
    this.#entryBytes = new Uint8Array(this.#entry.buffer);
  }

  /** The place of a string; -1 where it is not, or does not fit. */
  find(...parts: readonly Uint8Array[]): number {
    this.#compose(parts);
    const first = this.#set * WAYS;
    for (let place = first; place < first + WAYS; place++) if (this.#holds(place)) return place;
    return -1;
  }

  /** Keeps the string that was looked up last, in place of the oldest that may go; -1 where none may. */
  keep(mayGo: (place: number) => boolean = () => true): number {
    for (let way = 0; way < WAYS; way++) {
      const at = ((this.#next[this.#set] ?? 0) + way) % WAYS;
      const place = this.#set * WAYS + at;
      if (!mayGo(place)) continue;
      this.#next[this.#set] = (at + 1) % WAYS;
      this.#table.set(this.#entry, place * this.#words);
      return place;
    }
    return -1;
  }

  forget(place: number): void {
    this.#table.fill(0, place * this.#words, (place + 1) * this.#words);
  }

  #compose(parts: readonly Uint8Array[]): void {
    const [entry, bytes] = [this.#entry, this.#entryBytes];
    entry.fill(0);
    let at = 0;
    for (const part of parts) {
      if (part.length > PART_BYTES_MAX || at + 1 + part.length > bytes.length)
        throw new RangeError("does not fit the table");
      bytes[at] = part.length;
      bytes.set(part, at + 1);
      at += 1 + part.length;
    }
    let hash = 0;
    for (let i = 0; i < entry.length; i++) hash = Math.imul(hash ^ (entry[i] ?? 0), 0x9e3779b1);
    this.#set = ((hash ^ (hash >>> 15)) >>> 0) % this.#sets;
  }

  #holds(place: number): boolean {
    const [entry, table] = [this.#entry, this.#table];
    const from = place * this.#words;
    for (let i = 0; i < entry.length; i++) if (entry[i] !== table[from + i]) return false;
    return true;
  }
}
