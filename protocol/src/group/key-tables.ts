import { byteKey } from "../bytes.ts";
import { POINT_BYTES, SCALAR_BYTES } from "./group.ts";
import { RecentBytes, WAYS } from "./recent-bytes.ts";
import type { StrausExports } from "./straus-load.ts";

/**
 * A key that verifies so many signatures is one that recurs: a workload's chain keys, new with each step, sign three. A
 * table takes a little longer to make than one verification without it.
 */
export const RECURRING_USES = 8;
/** Sets of four points whose uses are counted: some thousand points come and go before one is forgotten. */
const USED_SETS = 1024;

/** The encoding of [s]B - [c]A for one point A; s and c are scalars. */
export type Difference = (s: Uint8Array, c: Uint8Array) => Uint8Array;

/** What points are given tables for in an instance of the module: no answer depends on which have one. */
export interface KeyTables {
  /** Makes tables of these points, for good; of none that is not valid, and of the first few different ones alone. */
  tabulate(encodings: readonly Uint8Array[]): void;
  /** Takes note of a use of a valid point that has no table: after RECURRING_USES it has a smaller one, for a while. */
  used(encoding: Uint8Array): void;
  /** What the table of a point is for, to be used at once; undefined where there is none. */
  difference(encoding: Uint8Array): Difference | undefined;
}

/** Where the module has the decoded point; undefined where it is not valid, and for the generator. */
type SlotOf = (encoding: Uint8Array) => number | undefined;

/** What subtracts two products by the tables of an instance of the module, given the number of one. */
function differences(wasm: StrausExports): (subtract: (table: number) => void, table: number) => Difference {
  const scalarAt = new Uint8Array(wasm.memory.buffer, wasm.scalar(), SCALAR_BYTES);
  const challengeAt = new Uint8Array(wasm.memory.buffer, wasm.challenge(), SCALAR_BYTES);
  const outputAt = new Uint8Array(wasm.memory.buffer, wasm.output(), POINT_BYTES);
  return (subtract, table) => (s, c) => {
    scalarAt.set(s);
    challengeAt.set(c);
    subtract(table);
    return outputAt.slice();
  };
}

/** The points that have tables for good in an instance of the module. */
export function announcedTables(
  wasm: StrausExports,
  slotOf: SlotOf,
): Pick<KeyTables, "tabulate" | "difference"> {
  const by = differences(wasm);
  const max = wasm.combCount();
  const tables = new Map<string, Difference>();

  const tabulateOne = (encoding: Uint8Array): void => {
    const name = byteKey(encoding);
    if (tables.size === max || tables.has(name)) return;
    const slot = slotOf(encoding);
    if (slot === undefined) return;
    const at = tables.size;
    wasm.makeComb(at, slot);
    tables.set(name, by(wasm.subtractProducts, at));
  };
  return {
    tabulate: (encodings) => encodings.forEach(tabulateOne),
    difference: (encoding) => (encoding.length === POINT_BYTES ? tables.get(byteKey(encoding)) : undefined),
  };
}

/**
 * The points that have tables for a while, because they are used again and again. Which these are is up to whoever sends
 * signatures; no answer depends on it.
 */
export function recurringTables(wasm: StrausExports, slotOf: SlotOf): Pick<KeyTables, "used" | "difference"> {
  const by = differences(wasm);
  const places = Array.from({ length: wasm.splitCount() }, (_, at) => by(wasm.subtractSplitProducts, at));
  const tables = new RecentBytes(places.length / WAYS, 1 + POINT_BYTES);
  const seen = new RecentBytes(USED_SETS, 1 + POINT_BYTES);
  const uses = new Uint8Array(USED_SETS * WAYS);
  return {
    used: (encoding) => {
      if (encoding.length !== POINT_BYTES) return;
      let place = seen.find(encoding);
      if (place < 0) {
        place = seen.keep();
        uses[place] = 0;
      }
      uses[place] = (uses[place] ?? 0) + 1;
      if (uses[place] !== RECURRING_USES) return;
      seen.forget(place);
      const slot = slotOf(encoding);
      if (slot === undefined || tables.find(encoding) >= 0) return;
      const at = tables.keep();
      try {
        wasm.makeSplits(at, slot);
      } catch (error) {
        // Nothing may be found where another key's table still is.
        tables.forget(at);
        throw error;
      }
    },
    difference: (encoding) => {
      const place = encoding.length === POINT_BYTES ? tables.find(encoding) : -1;
      return place < 0 ? undefined : places[place];
    },
  };
}
