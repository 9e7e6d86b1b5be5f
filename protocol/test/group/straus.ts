import { instantiateStraus, type StrausExports } from "../../src/group/straus-load.ts";

const LIMB_BITS = 29n;
export const LIMBS = 9;
const LANE_BYTES = 4;
const LIMB_BYTES = 16;
const ELEMENT_BYTES = LIMBS * LIMB_BYTES;

const loaded = instantiateStraus();
if (loaded === undefined) throw new Error("this platform has no WebAssembly with SIMD");
const wasm: StrausExports = loaded;
const memory = new DataView(wasm.memory.buffer);

/** The module's field by the limbs themselves; each operation takes and gives four elements. */
export type Element = readonly number[];
export type Four = readonly [Element, Element, Element, Element];

// Behind all that the module has reserved: its last page is not full.
const scratch = memory.byteLength - 4096;
const [A, B, OUT, BYTES] = [
  scratch,
  scratch + ELEMENT_BYTES,
  scratch + 2 * ELEMENT_BYTES,
  scratch + 3 * ELEMENT_BYTES,
];

export const numberOf = (limbs: Element): bigint =>
  limbs.reduce((sum, limb, i) => sum + (BigInt(limb) << (LIMB_BITS * BigInt(i))), 0n);

export function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

export function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

function write(at: number, elements: Four): void {
  for (const [lane, limbs] of elements.entries()) {
    for (const [i, limb] of limbs.entries())
      memory.setUint32(at + LIMB_BYTES * i + LANE_BYTES * lane, limb, true);
  }
}

/** The limbs as they are. */
function limbsAt(at: number): Element[] {
  return [0, 1, 2, 3].map((lane) =>
    Array.from({ length: LIMBS }, (_, i) => memory.getUint32(at + LIMB_BYTES * i + LANE_BYTES * lane, true)),
  );
}

/** The canonical value of a lane, by the module's own `pack`; checks the parity it returns. */
function packed(at: number, lane: number): bigint {
  const parity = wasm.pack(BYTES, at + LANE_BYTES * lane);
  const value = fromLittleEndian(new Uint8Array(wasm.memory.buffer, BYTES, 32));
  if (BigInt(parity) !== (value & 1n)) throw new Error("pack returns another parity than it writes");
  return value;
}

export interface Result {
  readonly limbs: readonly Element[];
  readonly values: readonly bigint[];
}

const resultAt = (at: number): Result => ({
  limbs: limbsAt(at),
  values: [0, 1, 2, 3].map((lane) => packed(at, lane)),
});

export function multiply(a: Four, b: Four): Result {
  write(A, a);
  write(B, b);
  wasm.multiply(OUT, A, B);
  return resultAt(OUT);
}

export function square(a: Four): Result {
  write(A, a);
  wasm.square(OUT, A);
  return resultAt(OUT);
}

/** `multiply` of the first two elements; the others of the result repeat theirs. */
export function multiplyPair(a: Four, b: Four): Result {
  write(A, a);
  write(B, b);
  wasm.multiplyPair(OUT, A, B);
  return resultAt(OUT);
}

/** `square` of the first two elements; the others of the result repeat theirs. */
export function squarePair(a: Four): Result {
  write(A, a);
  wasm.squarePair(OUT, A);
  return resultAt(OUT);
}

export function negate(a: Four): Result {
  write(A, a);
  wasm.negate(OUT, A);
  return resultAt(OUT);
}

export function carry(a: Four): Result {
  write(A, a);
  wasm.carry(A);
  return resultAt(A);
}

export function invert(a: Four): Result {
  write(A, a);
  for (let lane = 0; lane < 4; lane++) wasm.invert(A + LANE_BYTES * lane);
  return resultAt(A);
}

/** What `unpack` makes of 32 bytes in each lane. */
export function unpack(bytes: readonly Uint8Array[]): Result {
  for (const [lane, one] of bytes.entries()) {
    new Uint8Array(wasm.memory.buffer, BYTES, 48).fill(0);
    new Uint8Array(wasm.memory.buffer, BYTES, 32).set(one);
    wasm.unpack(A + LANE_BYTES * lane, BYTES);
  }
  return resultAt(A);
}
