import { equalBytes } from "../bytes.ts";
import { generatorBytes, numberBytes } from "./encoded.ts";
import { POINT_BYTES, type Point, SCALAR_BYTES, type Scalar } from "./group.ts";
import { announcedTables, type KeyTables, recurringTables } from "./key-tables.ts";
import { RecentBytes, WAYS } from "./recent-bytes.ts";
import type { StrausExports } from "./straus-load.ts";

/** Points the module decodes at a time. */
const LANES = 4;
/** Strings it validates at a time. */
const CANDIDATES = 2;
const GENERATOR = generatorBytes();
const GENERATOR_SLOT = -1;
const ONE = numberBytes(1) as Scalar;
/** Scalars below 2^253 have no higher last byte; those of the group are below L. */
const LAST_BYTE_MAX = 0x1f;

/** What the module does with PUBLIC points and PUBLIC scalars, in variable time. */
export interface PublicPoints extends KeyTables {
  /** Whether all of these are canonical encodings of points of prime order, which the identity is not. */
  valid(encodings: readonly Uint8Array[]): boolean;
  /** The sum of [s_i]P_i over valid points or the identity and as many scalars; undefined where it cannot tell. */
  sum(scalars: readonly Scalar[], points: readonly Point[]): Point | undefined;
}

/**
 * The decoded points an instance of the module keeps, by their encodings, and which of them it has validated itself. What a
 * sum needs is decoded four at a time, and keeps its slot while the sum is at hand. Answers never depend on what is kept.
 */
class DecodedPoints {
  readonly #wasm: StrausExports;
  readonly #input: Uint8Array;
  readonly #candidates: Uint8Array;
  /** The slots of the module are its places. */
  readonly #slots: RecentBytes;
  /** 1 for a slot whose point was found valid: others may be the identity. */
  readonly #valid: Uint8Array;
  /** The sum that used a slot last; 0 for none. */
  readonly #usedBy: Float64Array;
  #sum = 1;
  /** Whether all that was decoded for the sum at hand were points. */
  #sound = true;
  readonly #waiting: number[] = [];

  constructor(wasm: StrausExports) {
    this.#wasm = wasm;
    this.#input = new Uint8Array(wasm.memory.buffer, wasm.input(), LANES * POINT_BYTES);
    this.#candidates = new Uint8Array(wasm.memory.buffer, wasm.candidates(), CANDIDATES * POINT_BYTES);
    this.#clearInput();
    this.#slots = new RecentBytes(wasm.slotCount() / WAYS, 1 + POINT_BYTES);
    this.#valid = new Uint8Array(wasm.slotCount());
    this.#usedBy = new Float64Array(wasm.slotCount());
  }

  /** Lanes that nobody waits for must hold points, too. */
  #clearInput(): void {
    for (let lane = 0; lane < LANES; lane++) this.#input.set(GENERATOR, lane * POINT_BYTES);
  }

  /**
   * The slots of a sum's points, -1 for the generator, which has a table of its own; undefined when one of them
   * is no point. Until the next sum these slots are not used for others.
   */
  slotsOf(points: readonly Point[]): readonly number[] | undefined {
    this.#sum++;
    this.#sound = true;
    const slots = points.map((point) => {
      if (equalBytes(point, GENERATOR)) return GENERATOR_SLOT;
      return this.#slotOf(point);
    });
    this.#flush();
    return this.#sound ? slots : undefined;
  }

  /** Whether all of these are canonical encodings of prime-order points; if so they are decoded now. */
  valid(encodings: readonly Uint8Array[]): boolean {
    if (encodings.some((encoding) => encoding.length !== POINT_BYTES)) return false;
    const unknown = encodings.filter((encoding) => !this.#isKnown(encoding));
    for (let i = 0; i < unknown.length; i += CANDIDATES) {
      if (!this.#validate(unknown.slice(i, i + CANDIDATES))) return false;
    }
    return true;
  }

  #isKnown(encoding: Uint8Array): boolean {
    const slot = this.#slots.find(encoding);
    return slot >= 0 && this.#valid[slot] === 1;
  }

  #validate(encodings: readonly Uint8Array[]): boolean {
    for (const [at, encoding] of encodings.entries()) this.#candidates.set(encoding, at * POINT_BYTES);
    if (this.#wasm.validate(encodings.length) === 0) return false;
    for (const [at, encoding] of encodings.entries()) {
      const slot = this.#take(encoding);
      if (slot < 0) continue;
      this.#wasm.keep(slot, at);
      this.#valid[slot] = 1;
    }
    return true;
  }

  /** The slot of a valid point, which is decoded then; undefined where there is none, and for the generator. */
  validSlot(encoding: Uint8Array): number | undefined {
    const slot = this.valid([encoding]) ? this.slotsOf([encoding as Point])?.[0] : undefined;
    return slot === GENERATOR_SLOT ? undefined : slot;
  }

  /** The slot where the point is, or will be after the next flush. */
  #slotOf(point: Point): number {
    const known = this.#slots.find(point);
    const slot = known >= 0 ? known : this.#take(point);
    if (slot < 0) this.#sound = false;
    else this.#usedBy[slot] = this.#sum;
    if (slot < 0 || known >= 0) return slot;
    this.#input.set(point, this.#waiting.length * POINT_BYTES);
    this.#waiting.push(slot);
    if (this.#waiting.length === LANES) this.#flush();
    return slot;
  }

  /** A slot for a point, of which nothing is known; -1 where the sum at hand uses all that it could be in. */
  #take(point: Uint8Array): number {
    const known = this.#slots.find(point);
    const slot = known >= 0 ? known : this.#slots.keep((place) => this.#usedBy[place] !== this.#sum);
    if (slot >= 0) this.#valid[slot] = 0;
    return slot;
  }

  /** Decodes what waits. None of it is kept when one of them is no point. */
  #flush(): void {
    if (this.#waiting.length === 0) return;
    const [a = -1, b = -1, c = -1, d = -1] = this.#waiting;
    if (this.#wasm.decodePoints(a, b, c, d) === 0) {
      this.#sound = false;
      for (const slot of this.#waiting) this.#slots.forget(slot);
      this.#clearInput();
    }
    this.#waiting.length = 0;
  }
}

function fits(scalar: Uint8Array): boolean {
  return scalar.length === SCALAR_BYTES && (scalar[SCALAR_BYTES - 1] ?? 0) <= LAST_BYTE_MAX;
}

/** Public points by one instance of the module. */
export function publicPoints(wasm: StrausExports): PublicPoints {
  const scalarAt = new Uint8Array(wasm.memory.buffer, wasm.scalar(), SCALAR_BYTES);
  const outputAt = new Uint8Array(wasm.memory.buffer, wasm.output(), POINT_BYTES);
  const termsMax = wasm.termsMax();
  const points = new DecodedPoints(wasm);
  const slotOf = (encoding: Uint8Array): number | undefined => points.validSlot(encoding);
  const announced = announcedTables(wasm, slotOf);
  const recurring = recurringTables(wasm, slotOf);

  const sumOf = (scalars: readonly Scalar[], terms: readonly Point[]): Point | undefined => {
    const slots = points.slotsOf(terms);
    if (slots === undefined) return undefined;
    wasm.begin();
    for (const [i, slot] of slots.entries()) {
      scalarAt.set(scalars[i] as Scalar);
      if (slot === GENERATOR_SLOT) wasm.addGenerator();
      else wasm.addTerm(slot);
    }
    wasm.finishSum();
    return outputAt.slice() as Uint8Array as Point;
  };
  return {
    tabulate: announced.tabulate,
    used: recurring.used,
    difference: (encoding) => announced.difference(encoding) ?? recurring.difference(encoding),
    valid: (encodings) => points.valid(encodings),
    sum: (scalars, terms) => {
      const usable = scalars.every(fits) && terms.every((point) => point.length === POINT_BYTES);
      if (!usable) return undefined;
      let sum = sumOf(scalars.slice(0, termsMax), terms.slice(0, termsMax));
      // One term of each further sum is the one before it.
      for (let from = termsMax; from < terms.length && sum !== undefined; from += termsMax - 1) {
        const to = from + termsMax - 1;
        sum = sumOf([ONE, ...scalars.slice(from, to)], [sum, ...terms.slice(from, to)]);
      }
      return sum;
    },
  };
}
