const GOLDEN = 0x9e3779b9;

/** Four 32-bit words from a text (xmur3-style mixing); the same text gives the same words everywhere. */
function seedWords(text: string): [number, number, number, number] {
  let h = 1779033703 ^ text.length;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 3432918353);
    h = (h << 13) | (h >>> 19);
  }
  const next = (): number => {
    h = Math.imul(h ^ (h >>> 16), 2246822507);
    h = Math.imul(h ^ (h >>> 13), 3266489909);
    h = (h ^ (h >>> 16)) + GOLDEN;
    return h >>> 0;
  };
  return [next(), next(), next(), next() | 1];
}

/** What a snapshot keeps of a generator. */
export type PrngState = readonly [number, number, number, number];

/**
 * The one source of chance in the simulator: xoshiro128** over a seed text.
 * `fork(name)` depends on the seed and the name alone, never on what was drawn
 * before, so a new use of chance somewhere does not change any other.
 */
export class Prng {
  readonly seed: string;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: string) {
    this.seed = seed;
    [this.#a, this.#b, this.#c, this.#d] = seedWords(seed);
    for (let i = 0; i < 8; i++) this.u32();
  }

  fork(name: string): Prng {
    return new Prng(`${this.seed}/${name}`);
  }

  u32(): number {
    const x = Math.imul(this.#b, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9);
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.u32() / 0x1_0000_0000;
  }

  /** Uniform integer in [0, bound). */
  int(bound: number): number {
    return Math.floor(this.unit() * bound);
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.int(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  /** A copy of the items in random order. */
  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const [x, y] = [out[i], out[j]];
      if (x !== undefined && y !== undefined) [out[i], out[j]] = [y, x];
    }
    return out;
  }

  exponential(mean: number): number {
    return -Math.log(1 - this.unit()) * mean;
  }

  bytes(count: number): Uint8Array {
    const out = new Uint8Array(count);
    for (let i = 0; i < count; i += 4) {
      const word = this.u32();
      for (let k = 0; k < 4 && i + k < count; k++) out[i + k] = (word >>> (8 * k)) & 0xff;
    }
    return out;
  }

  get state(): PrngState {
    return [this.#a, this.#b, this.#c, this.#d];
  }

  set state(words: PrngState) {
    [this.#a, this.#b, this.#c, this.#d] = words;
  }
}
