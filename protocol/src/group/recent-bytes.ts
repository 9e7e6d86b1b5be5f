/** Places a byte string may be in. */
export const WAYS = 4;
const PART_BYTES_MAX = 255;

/** The hash of an entry's words; nobody finds it hard to make two entries with one. */
export function foldWords(entry: Int32Array, words: number): number {
  let hash = 0;
  for (let i = 0; i < words; i++) hash = Math.imul(hash ^ (entry[i] ?? 0), 0x9e3779b1);
  return hash;
}

/**
 * A table of places for byte strings of late, made once: neither looking one up nor keeping it leaves garbage. A string is
 * one or more parts of up to 255 bytes; all of it is compared, so that a find is certain. Each has four places by its
 * hash, which anybody may aim at: all that is lost then is what was remembered, and no answer may depend on that.
 */
export class RecentBytes {
  readonly #table: Int32Array;
  readonly #words: number;
  readonly #sets: number;
  /** For each place the hash of what is in it, 0 for nothing: most of the table is not read for what is not there. */
  readonly #hashes: Int32Array;
  /** Which place of a set is the next to be used again. */
  readonly #next: Uint8Array;
  /**
   * What was looked up last: a word with the length of it all, so that none begins another; for each part its length and
   * its bytes; then zeros up to the end of a word.
   */
  readonly #entry: Int32Array;
  readonly #entryBytes: Uint8Array;
  #used = 0;
  #hash = 0;
  #set = 0;
  #lookups = 0;

  /** `sets`: a power of two. `bytesMax`: of all parts of a string together with a byte for each. */
  constructor(sets: number, bytesMax: number) {
    this.#sets = sets;
    this.#words = 1 + Math.ceil(bytesMax / 4);
    this.#table = new Int32Array(sets * WAYS * this.#words);
    this.#hashes = new Int32Array(sets * WAYS);
    this.#next = new Uint8Array(sets);
    this.#entry = new Int32Array(this.#words);
    this.#entryBytes = new Uint8Array(this.#entry.buffer);
  }

  /** How often something was looked up: while it stays the same, `keep` keeps the same. */
  get lookups(): number {
    return this.#lookups;
  }

  /** The place of a string; -1 where it is not. Throws RangeError where it would not fit. */
  find(...parts: readonly Uint8Array[]): number {
    this.#compose(parts);
    this.#lookups += 1;
    const first = this.#set * WAYS;
    for (let place = first; place < first + WAYS; place++)
      if (this.#hashes[place] === this.#hash && this.#holds(place)) return place;
    return -1;
  }

  /** Keeps the string that was looked up last, in place of the oldest that may go; -1 where none may. */
  keep(mayGo: (place: number) => boolean = () => true): number {
    for (let way = 0; way < WAYS; way++) {
      const at = ((this.#next[this.#set] ?? 0) + way) % WAYS;
      const place = this.#set * WAYS + at;
      if (!mayGo(place)) continue;
      this.#next[this.#set] = (at + 1) % WAYS;
      this.#hashes[place] = this.#hash;
      const from = place * this.#words;
      for (let i = 0; i < this.#used; i++) this.#table[from + i] = this.#entry[i] ?? 0;
      return place;
    }
    return -1;
  }

  forget(place: number): void {
    this.#hashes[place] = 0;
  }

  #compose(parts: readonly Uint8Array[]): void {
    const [entry, bytes] = [this.#entry, this.#entryBytes];
    let at = 4;
    for (const part of parts) {
      const end = at + 1 + part.length;
      if (part.length > PART_BYTES_MAX || end > bytes.length) throw new RangeError("does not fit the table");
      bytes[at] = part.length;
      bytes.set(part, at + 1);
      at = end;
    }
    entry[0] = at;
    while ((at & 3) !== 0) bytes[at++] = 0;
    this.#used = at >> 2;
    const hash = foldWords(entry, this.#used);
    this.#hash = hash | 1;
    this.#set = ((hash ^ (hash >>> 15)) >>> 0) % this.#sets;
  }

  #holds(place: number): boolean {
    const [entry, table] = [this.#entry, this.#table];
    const from = place * this.#words;
    for (let i = 0; i < this.#used; i++) if (entry[i] !== table[from + i]) return false;
    return true;
  }
}
