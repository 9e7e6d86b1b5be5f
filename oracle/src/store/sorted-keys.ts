const CHUNK_MAX = 512;

/**
 * An ordered set of strings as a list of sorted chunks: insertion moves at most one chunk, and a scan is a
 * walk. LevelDB iterates asynchronously only; the Store port scans synchronously, so the keys live here.
 */
export class SortedKeys {
  #chunks: string[][] = [];
  #size = 0;

  /** Takes keys that are sorted already. */
  constructor(sorted: readonly string[] = []) {
    for (let i = 0; i < sorted.length; i += CHUNK_MAX / 2) {
      this.#chunks.push(sorted.slice(i, i + CHUNK_MAX / 2));
    }
    this.#size = sorted.length;
  }

  get size(): number {
    return this.#size;
  }

  /** Index of the last chunk that starts at or before the key; 0 when there is none. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#chunks[middle]?.[0] ?? "") <= key) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Index in the chunk of the first key that is not below. */
  static #lowerBound(chunk: readonly string[], key: string): number {
    let low = 0;
    let high = chunk.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((chunk[middle] ?? "") < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  has(key: string): boolean {
    const chunk = this.#chunks[this.#chunkOf(key)];
    return chunk !== undefined && chunk[SortedKeys.#lowerBound(chunk, key)] === key;
  }

  add(key: string): void {
    const index = this.#chunkOf(key);
    const chunk = this.#chunks[index];
    if (chunk === undefined) {
      this.#chunks.push([key]);
      this.#size = 1;
      return;
    }
    const at = SortedKeys.#lowerBound(chunk, key);
    if (chunk[at] === key) return;
    chunk.splice(at, 0, key);
    this.#size++;
    if (chunk.length > CHUNK_MAX) this.#chunks.splice(index + 1, 0, chunk.splice(CHUNK_MAX / 2));
  }

  delete(key: string): void {
    const index = this.#chunkOf(key);
    const chunk = this.#chunks[index];
    if (chunk === undefined) return;
    const at = SortedKeys.#lowerBound(chunk, key);
    if (chunk[at] !== key) return;
    chunk.splice(at, 1);
    this.#size--;
    if (chunk.length === 0) this.#chunks.splice(index, 1);
  }

  /** Up to `limit` keys that start with `prefix` and are greater than `after`, in order. */
  scan(prefix: string, limit: number, after?: string): string[] {
    const out: string[] = [];
    const from = after !== undefined && after > prefix ? after : prefix;
    let index = this.#chunkOf(from);
    let at = SortedKeys.#lowerBound(this.#chunks[index] ?? [], from);
    for (; index < this.#chunks.length; index++, at = 0) {
      const chunk = this.#chunks[index] ?? [];
      for (; at < chunk.length; at++) {
        const key = chunk[at] ?? "";
        if (out.length >= limit || !key.startsWith(prefix)) return out;
        if (after === undefined || key > after) out.push(key);
      }
    }
    return out;
  }
}
