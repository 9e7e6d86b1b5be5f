/** Room for one message beside keys and a signature. */
const MESSAGE_BYTES_MAX = 2048;
/** Where each place begins, and its bytes. `r` and `s` are the halves of `signature`. */
const PLACES = {
  a: [0, 32],
  b: [32, 32],
  out: [64, 32],
  wide: [96, 64],
  signature: [160, 64],
  r: [160, 32],
  s: [192, 32],
  publicKey: [224, 32],
  secretKey: [256, 64],
} as const;
const PLACES_BYTES = 320;
type Place = keyof typeof PLACES;
/** Views of short messages are made once for each length. */
const KEPT_VIEW_BYTES_MAX = 256;

/**
 * Buffers by which values go to native code and come back. An engine keeps short arrays in its own heap; one that is
 * handed to native code gets memory of its own for that, which costs more than most of the calls. So what goes there is
 * copied here, and what comes back is copied out. HAZARD: secrets pass through; `wipe`
 * ends each use of one, but for a message, which whoever put it here wipes.
 */
export class Scratch {
  readonly #places: Readonly<Record<Place, Uint8Array>>;
  readonly #all: Uint8Array;
  readonly #message: Uint8Array;
  readonly #views: Uint8Array[] = [];

  constructor() {
    const memory = new Uint8Array(PLACES_BYTES + MESSAGE_BYTES_MAX);
    const views = Object.entries(PLACES).map(([name, [at, length]]) => [
      name,
      memory.subarray(at, at + length),
    ]);
    this.#places = Object.fromEntries(views) as Record<Place, Uint8Array>;
    this.#all = memory.subarray(0, PLACES_BYTES);
    this.#message = memory.subarray(PLACES_BYTES);
  }

  /** A place as the last call left it. */
  at(place: Place): Uint8Array {
    return this.#places[place];
  }

  /** A place with a copy of these bytes. Throws RangeError unless they fill it. */
  put(place: Place, bytes: Uint8Array): Uint8Array {
    const target = this.#places[place];
    if (bytes.length !== target.length) throw new RangeError(`expected ${target.length} bytes`);
    target.set(bytes);
    return target;
  }

  /** A copy of a place. */
  copy(place: Place): Uint8Array {
    return this.#places[place].slice();
  }

  /** The parts one after the other: a view of this memory, or fresh memory where they are too long for it. */
  message(parts: readonly Uint8Array[]): Uint8Array {
    let length = 0;
    for (const part of parts) length += part.length;
    const target = length <= MESSAGE_BYTES_MAX ? this.#messageView(length) : new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      target.set(part, at);
      at += part.length;
    }
    return target;
  }

  #messageView(length: number): Uint8Array {
    if (length > KEPT_VIEW_BYTES_MAX) return this.#message.subarray(0, length);
    this.#views[length] ??= this.#message.subarray(0, length);
    return this.#views[length];
  }

  /** Wipes every place. */
  wipe(): void {
    this.#all.fill(0);
  }
}
