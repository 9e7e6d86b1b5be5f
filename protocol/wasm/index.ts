import { decode } from "./encoding";
import { BYTES } from "./field";
import { begin, finish, generatorTerm, SCALAR, TERMS_MAX, term } from "./straus";

/*
 * Sums of products of PUBLIC points with PUBLIC scalars, in variable time. Nothing secret may come near this
 * module: its time and its memory tell all.
 *
 * Points are decoded four at a time, from INPUT into slots that the caller manages. A sum is `begin`, then for
 * each term its scalar at SCALAR (32 bytes, little-endian, below 2^253) and `addTerm` or `addGenerator`, then
 * `finish`, which leaves the encoding at OUTPUT. All is static; nothing is allocated.
 */

export { carry, multiply, square } from "./field";
export { invert } from "./inverse";
export { negate, pack, unpack } from "./lanes";
export { begin, generatorTerm as addGenerator };

/** Points that stay decoded. */
const SLOTS: usize = 8192;
const DECODED: usize = memory.data(576, 16);
const INPUT: usize = memory.data(144, 16);
const OUTPUT: usize = memory.data(48, 16);
/** Last, so that memory is touched only as far as it is used. */
const POINTS: usize = memory.data(1179648, 16);

export function slotCount(): usize {
  return SLOTS;
}

export function termsMax(): usize {
  return TERMS_MAX;
}

export function input(): usize {
  return INPUT;
}

export function scalar(): usize {
  return SCALAR;
}

export function output(): usize {
  return OUTPUT;
}

/** Decodes INPUT's four encodings and puts one of them into a slot each; negative: nowhere. False if one is no point. */
export function decodePoints(first: i32, second: i32, third: i32, fourth: i32): bool {
  if (!decode(DECODED, INPUT)) return false;
  keep(first, 0);
  keep(second, 1);
  keep(third, 2);
  keep(fourth, 3);
  return true;
}

function keep(slot: i32, at: usize): void {
  if (slot >= 0) memory.copy(POINTS + BYTES * slot, DECODED + BYTES * at, BYTES);
}

/** Adds the term of SCALAR and the point in a slot; at most TERMS_MAX in one sum. */
export function addTerm(slot: usize): void {
  term(POINTS + BYTES * slot);
}

/** Ends the sum: its encoding is at OUTPUT. */
export function finishSum(): void {
  finish(OUTPUT);
}
