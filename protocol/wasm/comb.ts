import { encode } from "./encoding";
import { BYTES } from "./field";
import { add, cache, double, GENERATOR, IDENTITY, subtract } from "./point";
import { SCALAR, SUM } from "./straus";

/*
 * [s]B - [c]A for a few points A that come again and again. Such a point has a table, as the generator B has, of all
 * d 256^i A with d = 1..128 and i = 0..31, cached. A number is the sum of 32 digits d 256^i with -128 <= d <= 127, so
 * that a product takes 32 additions and nothing is doubled.
 */

/** Points besides the generator that can have a table. */
export const COMBS: usize = 16;
const PLACES: usize = 32;
const MULTIPLES: usize = 128;
const ROW_BYTES: usize = MULTIPLES * BYTES;
const TABLE_BYTES: usize = PLACES * ROW_BYTES;

/** The factor c: 32 bytes, little-endian, below 2^253. */
export const CHALLENGE: usize = memory.data(32, 16);
/** The digits of s, then those of c. */
const DIGITS: usize = memory.data(64, 16);
const TOUCHED: usize = memory.data(16, 16);
const MULTIPLE: usize = memory.data(144, 16);
/** The generator's table, then the others; 17 * TABLE_BYTES, touched only as far as used. */
const TABLES: usize = memory.data(10027008, 16);

let hasGenerator = false;

function tableOf(comb: usize): usize {
  return TABLES + TABLE_BYTES * (comb + 1);
}

function tabulate(table: usize, point: usize): void {
  memory.copy(MULTIPLE, point, BYTES);
  for (let row = table; row < table + TABLE_BYTES; row += ROW_BYTES) {
    cache(row, MULTIPLE);
    for (let entry = row + BYTES; entry < row + ROW_BYTES; entry += BYTES) {
      add(MULTIPLE, MULTIPLE, row);
      cache(entry, MULTIPLE);
    }
    double(MULTIPLE, MULTIPLE);
  }
}

/** Makes the generator's table, once. */
export function generatorComb(): void {
  if (hasGenerator) return;
  tabulate(TABLES, GENERATOR);
  hasGenerator = true;
}

/** Makes the table of this number, and the generator's with the first. */
export function comb(at: usize, point: usize): void {
  generatorComb();
  tabulate(tableOf(at), point);
}

/** The 32 digits of a number below 2^253: a byte from 128 on is one of the next place and that much less. */
function recode(digits: usize, number: usize): void {
  let carry = 0;
  for (let i: usize = 0; i < PLACES; i++) {
    const digit = <i32>load<u8>(number + i) + carry;
    carry = (digit + 128) >> 8;
    store<i8>(digits + i, <i8>digit);
  }
}

/** Where a digit's multiple is; anywhere in its row for zero. */
// @ts-expect-error: decorator
@inline
function entryOf(table: usize, place: usize, digit: i32): usize {
  return table + ROW_BYTES * place + BYTES * <usize>max(abs(digit) - 1, 0);
}

/** Reads all the entries a product needs, one independent of another: caches miss together, not one after the other. */
function touch(table: usize, digits: usize): void {
  let any: u32 = 0;
  for (let place: usize = 0; place < PLACES; place++) {
    const entry = entryOf(table, place, <i32>load<i8>(digits + place));
    any |= load<u32>(entry) | load<u32>(entry + 64) | load<u32>(entry + 128) | load<u32>(entry + BYTES - 4);
  }
  store<u32>(TOUCHED, any);
}

/** Adds the digit's multiple to the sum. */
function addDigit(table: usize, place: usize, digit: i32): void {
  const entry = entryOf(table, place, digit);
  if (digit > 0) add(SUM, SUM, entry);
  else if (digit < 0) subtract(SUM, SUM, entry);
}

/** Adds SCALAR times the generator, which has its table, to the sum. */
export function addGeneratorProduct(): void {
  recode(DIGITS, SCALAR);
  touch(TABLES, DIGITS);
  for (let place: usize = 0; place < PLACES; place++) {
    addDigit(TABLES, place, <i32>load<i8>(DIGITS + place));
  }
}

/** The encoding of [SCALAR]B - [CHALLENGE]A at `out`, A the point of this table; writes 37 bytes, of which 32 count. */
export function difference(out: usize, at: usize): void {
  const table = tableOf(at);
  recode(DIGITS, SCALAR);
  recode(DIGITS + PLACES, CHALLENGE);
  touch(TABLES, DIGITS);
  touch(table, DIGITS + PLACES);
  memory.copy(SUM, IDENTITY, BYTES);
  for (let place: usize = 0; place < PLACES; place++) {
    addDigit(TABLES, place, <i32>load<i8>(DIGITS + place));
    addDigit(table, place, -(<i32>load<i8>(DIGITS + PLACES + place)));
  }
  encode(out, SUM);
}
