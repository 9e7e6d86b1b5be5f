import { addGeneratorProduct, CHALLENGE, generatorComb } from "./comb";
import { encode } from "./encoding";
import { BYTES } from "./field";
import { cache, double, IDENTITY, subtract } from "./point";
import { addUp, begin, MULTIPLES, SUM, tabulate, tabulatedTerm } from "./straus";

/*
 * [s]B - [c]A for points A that come again and again for a while. c is the sum of 8 parts of 32 bits times 2^(32 j), and such a
 * point has a table of the odd multiples of each -2^(32 j) A: Straus' method with 32 doublings in place of 253. The table
 * takes 9 kB, where a comb takes 64 times that, so that there can be many, and 224 doublings, as many as one product, so that
 * it may go again.
 */

/** Points that can have a table at a time. */
export const SPLITS: usize = 512;
const PARTS: usize = 8;
const PART_BITS: i32 = 32;
const PART_BYTES: usize = MULTIPLES * BYTES;
const TABLE_BYTES: usize = PARTS * PART_BYTES;

const POWER: usize = memory.data(144, 16);
/** A part of c, and zeros behind it. */
const PART: usize = memory.data(16, 16);
/** SPLITS * TABLE_BYTES, touched only as far as used. */
const TABLES: usize = memory.data(4718592, 16);

/** Makes the table of this number, in place of the one there, of minus this point; and the generator's with the first. */
export function split(at: usize, point: usize): void {
  generatorComb();
  const table = TABLES + TABLE_BYTES * at;
  cache(POWER, point);
  subtract(POWER, IDENTITY, POWER);
  for (let part: usize = 0; part < PARTS; part++) {
    if (part > 0) for (let i = 0; i < PART_BITS; i++) double(POWER, POWER);
    tabulate(table + PART_BYTES * part, POWER, MULTIPLES);
  }
}

/** The encoding of [SCALAR]B - [CHALLENGE]A at `out`, A the point of this table; writes 37 bytes, of which 32 count. */
export function splitDifference(out: usize, at: usize): void {
  const table = TABLES + TABLE_BYTES * at;
  begin();
  for (let part: usize = 0; part < PARTS; part++) {
    store<u32>(PART, load<u32>(CHALLENGE + 4 * part));
    tabulatedTerm(table + PART_BYTES * part, PART, PART_BITS);
  }
  addUp();
  addGeneratorProduct();
  encode(out, SUM);
}
