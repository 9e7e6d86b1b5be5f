import { encode } from "./encoding";
import { BYTES } from "./field";
import { add, cache, double, GENERATOR, IDENTITY, subtract } from "./point";

/*
 * Straus' method with signed sliding windows: one run of doublings for all terms. A term's digits are odd or
 * zero and below 2^(w-1) in size, so its table holds the odd multiples 1P, 3P, ... (2^(w-1) - 1)P, cached.
 */

/** Terms of one sum, and bytes between the digits of one position and the next. */
export const TERMS_MAX: usize = 64;
/** Odd multiples for windows of 5 bits, the widest of a term that is not the generator's. */
export const MULTIPLES: usize = 8;
const WIDTH: i32 = 5;
const GENERATOR_WIDTH: i32 = 8;
const POSITIONS: usize = 256;

const TABLES: usize = memory.data(73728, 16);
const GENERATOR_TABLE: usize = memory.data(9216, 16);
/** Digit i of term j at 64 i + j. */
const DIGITS: usize = memory.data(16384, 16);
/** Where each term's table is. */
const TABLE_OF: usize = memory.data(256, 16);
const TWICE: usize = memory.data(144, 16);
const MULTIPLE: usize = memory.data(144, 16);
export const SUM: usize = memory.data(144, 16);
/** The scalar of the next term: 32 bytes and 8 zeros behind them. */
export const SCALAR: usize = memory.data(48, 16);

let terms: usize = 0;
let top: i32 = -1;

/** The cached odd multiples of a point up to 2 * count - 1. */
export function tabulate(table: usize, point: usize, count: usize): void {
  cache(table, point);
  if (count == 1) return;
  double(MULTIPLE, point);
  cache(TWICE, MULTIPLE);
  memory.copy(MULTIPLE, point, BYTES);
  for (let i: usize = 1; i < count; i++) {
    add(MULTIPLE, MULTIPLE, TWICE);
    cache(table + BYTES * i, MULTIPLE);
  }
}

/** The length of the scalar in bits. */
function bitLength(): i32 {
  for (let word: i32 = 3; word >= 0; word--) {
    const bits = load<u64>(SCALAR + 8 * word);
    if (bits != 0) return 64 * (word + 1) - <i32>clz<u64>(bits);
  }
  return 0;
}

/** The width at which making the table and using it cost least together. */
function widthFor(bits: i32): i32 {
  return bits <= 30 ? 2 : bits <= 66 ? 3 : bits <= 180 ? 4 : WIDTH;
}

/** Writes the digits of the number into the column of the next term; 8 bytes behind the number are read, and zeros. */
function recode(number: usize, bits: i32, width: i32): void {
  const mask = (1 << width) - 1;
  let carry = 0;
  let position = 0;
  while (position < bits || carry != 0) {
    const word = load<u32>(number + (position >> 3)) >> (position & 7);
    const window = <i32>(word & mask) + carry;
    if ((window & 1) == 0) {
      position++;
      continue;
    }
    carry = window >> (width - 1);
    store<i8>(DIGITS + TERMS_MAX * position + terms, <i8>(window - (carry << width)));
    if (position > top) top = position;
    position += width;
  }
}

/** Begins a sum. */
export function begin(): void {
  memory.fill(DIGITS, 0, TERMS_MAX * <usize>(top + 1));
  terms = 0;
  top = -1;
}

/** Adds the term SCALAR * point. Nothing may be added after TERMS_MAX terms. */
export function term(point: usize): void {
  const bits = bitLength();
  if (bits == 0) return;
  const width = widthFor(bits);
  const table = TABLES + BYTES * MULTIPLES * terms;
  tabulate(table, point, (<usize>1) << (width - 2));
  recode(SCALAR, bits, width);
  store<u32>(TABLE_OF + 4 * terms++, <u32>table);
}

/** Adds the term of a number below 2^bits and the point whose first MULTIPLES odd multiples are in this table. */
export function tabulatedTerm(table: usize, number: usize, bits: i32): void {
  recode(number, bits, WIDTH);
  store<u32>(TABLE_OF + 4 * terms++, <u32>table);
}

/** Adds the term SCALAR * B. */
export function generatorTerm(): void {
  recode(SCALAR, bitLength(), GENERATOR_WIDTH);
  store<u32>(TABLE_OF + 4 * terms++, <u32>GENERATOR_TABLE);
}

/** Adds what the terms have at one position, at most 8 of them: `digits`, one a byte. */
function addDigits(digits: u64, first: usize): void {
  while (digits != 0) {
    const shift = ctz<u64>(digits) & 56;
    const digit = <i32>(<i8>(digits >> shift));
    digits &= ~((<u64>255) << shift);
    const table = <usize>load<u32>(TABLE_OF + 4 * (first + <usize>(shift >> 3)));
    if (digit > 0) add(SUM, SUM, table + BYTES * <usize>(digit >> 1));
    else subtract(SUM, SUM, table + BYTES * <usize>(-digit >> 1));
  }
}

/** The sum of all terms at SUM. */
export function addUp(): void {
  memory.copy(SUM, IDENTITY, BYTES);
  for (let position = top; position >= 0; position--) {
    if (position != top) double(SUM, SUM);
    for (let first: usize = 0; first < terms; first += 8) {
      addDigits(load<u64>(DIGITS + TERMS_MAX * position + first), first);
    }
  }
}

/** The encoded sum of all terms at `out`; writes 37 bytes, of which 32 count. */
export function finish(out: usize): void {
  addUp();
  encode(out, SUM);
}

tabulate(GENERATOR_TABLE, GENERATOR, 64);
