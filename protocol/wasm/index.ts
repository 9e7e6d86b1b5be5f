import { CHALLENGE, COMBS, comb, difference } from "./comb";
import { decode } from "./encoding";
import { BYTES } from "./field";
import { SPLITS, split, splitDifference } from "./splits";
import { begin, finish, generatorTerm, SCALAR, TERMS_MAX, term } from "./straus";
import { decodePrimeOrder } from "./subgroup";

/*
 * Which strings are PUBLIC points, and sums of products of them with PUBLIC scalars, in variable time. Nothing secret
 * may come near this module: its time and its memory tell all.
 *
 * Points that nobody knows yet come to CANDIDATES, one or two at a time; those that `validate` finds good `keep` puts
 * into slots, which the caller manages. Others are decoded four at a time, from INPUT. A sum is `begin`, then for
 * each term its scalar at SCALAR (32 bytes, little-endian, below 2^253) and `addTerm` or `addGenerator`, then
 * `finish`, which leaves the encoding at OUTPUT. A point that signatures are verified under for ever gets a table by
 * `makeComb`, and `subtractProducts` takes an s at SCALAR and a c at CHALLENGE; one that they are verified under for a while
 * gets a smaller one by `makeSplits`, for `subtractSplitProducts`. All is static; nothing is allocated.
 */

export { carry, multiply, multiplyPair, square, squarePair } from "./field";
export { invert } from "./inverse";
export { negate, pack, unpack } from "./lanes";
export { begin, generatorTerm as addGenerator };

/** Points that stay decoded. */
const SLOTS: usize = 8192;
const DECODED: usize = memory.data(576, 16);
const INPUT: usize = memory.data(144, 16);
const CANDIDATES: usize = memory.data(80, 16);
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

export function candidates(): usize {
  return CANDIDATES;
}

export function scalar(): usize {
  return SCALAR;
}

export function challenge(): usize {
  return CHALLENGE;
}

export function combCount(): usize {
  return COMBS;
}

export function splitCount(): usize {
  return SPLITS;
}

export function output(): usize {
  return OUTPUT;
}

/** Whether the `count` encodings at CANDIDATES, one or two, are canonical and of points of prime order. */
export function validate(count: usize): bool {
  return decodePrimeOrder(DECODED, CANDIDATES, count);
}

/** Decodes INPUT's four encodings and puts one of them into a slot each; negative: nowhere. False if one is no point. */
export function decodePoints(first: i32, second: i32, third: i32, fourth: i32): bool {
  if (!decode(DECODED, INPUT, third < 0 && fourth < 0)) return false;
  keep(first, 0);
  keep(second, 1);
  keep(third, 2);
  keep(fourth, 3);
  return true;
}

/** Puts what was decoded or validated last, the first or another of it, into a slot; negative: nowhere. */
export function keep(slot: i32, at: usize): void {
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

/** Makes the point in a slot the one of this table. */
export function makeComb(at: usize, slot: usize): void {
  comb(at, POINTS + BYTES * slot);
}

/** The encoding of [SCALAR]B - [CHALLENGE]A is at OUTPUT, A the point of this table. */
export function subtractProducts(at: usize): void {
  difference(OUTPUT, at);
}

/** Makes the point in a slot the one of this smaller table, in place of the one there. */
export function makeSplits(at: usize, slot: usize): void {
  split(at, POINTS + BYTES * slot);
}

/** The encoding of [SCALAR]B - [CHALLENGE]A is at OUTPUT, A the point of this smaller table. */
export function subtractSplitProducts(at: usize): void {
  splitDifference(OUTPUT, at);
}
