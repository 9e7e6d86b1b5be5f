import { fromBase64Url } from "../bytes.ts";
import { strausModule } from "./straus-module.ts";

/** What protocol/wasm/index.ts exports; numbers are addresses in its memory unless they say otherwise. */
export interface StrausExports {
  readonly memory: { readonly buffer: ArrayBufferLike };
  slotCount(): number;
  termsMax(): number;
  combCount(): number;
  splitCount(): number;
  input(): number;
  candidates(): number;
  scalar(): number;
  challenge(): number;
  output(): number;
  /** Decodes the four encodings at `input` into these slots, none where negative; 0 if one is no point. */
  decodePoints(first: number, second: number, third: number, fourth: number): number;
  /** Whether the first `count` strings at `candidates`, one or two, are encodings of prime-order points: 1 or 0. */
  validate(count: number): number;
  /** Puts the first or second of the points validated last into a slot. */
  keep(slot: number, at: number): void;
  begin(): void;
  addTerm(slot: number): void;
  addGenerator(): void;
  finishSum(): void;
  /** Gives the point in a slot the table of this number. */
  makeComb(comb: number, slot: number): void;
  /** The scalar at `scalar` times the generator minus that at `challenge` times the point of this table. */
  subtractProducts(comb: number): void;
  /** Gives the point in a slot the smaller table of this number, in place of the one there. */
  makeSplits(splits: number, slot: number): void;
  /** What `subtractProducts` does, with a smaller table. */
  subtractSplitProducts(splits: number): void;
  /** The field, four elements at a time: lanes 4 bytes apart in 144 bytes. Exported for its tests. */
  multiply(out: number, a: number, b: number): void;
  square(out: number, a: number): void;
  /** These two take the first two elements, and repeat their results in the places of the others. */
  multiplyPair(out: number, a: number, b: number): void;
  squarePair(out: number, a: number): void;
  negate(out: number, a: number): void;
  carry(a: number): void;
  /** These three take one lane. `pack` returns the parity. */
  invert(lane: number): void;
  unpack(lane: number, bytes: number): void;
  pack(bytes: number, lane: number): number;
}

/** The part of the WebAssembly JavaScript interface that is used here: this package has no platform's types. */
interface WebAssemblyApi {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

let compiled: object | undefined;

/** A new instance with its own memory; undefined where WebAssembly or its SIMD instructions are missing, or it refuses. */
export function instantiateStraus(): StrausExports | undefined {
  const { WebAssembly } = globalThis as { readonly WebAssembly?: WebAssemblyApi };
  if (WebAssembly === undefined) return undefined;
  try {
    if (compiled === undefined) {
      const bytes = fromBase64Url(strausModule);
      if (bytes === undefined || !WebAssembly.validate(bytes)) return undefined;
      compiled = new WebAssembly.Module(bytes);
    }
    return new WebAssembly.Instance(compiled).exports as StrausExports;
  } catch {
    // Code may not be made here, or there is no memory for it: other code adds up as well.
    return undefined;
  }
}
