import { concatBytes } from "../bytes.ts";
import type { Store } from "./ports.ts";
import type { Table, View } from "./table.ts";

/** Which records of a point table are wanted: keys that start with `start` and are greater than `after`. */
export interface PageRange {
  readonly limit: number;
  readonly start?: Uint8Array | undefined;
  readonly after?: Uint8Array | undefined;
}

export interface Page<T> {
  readonly rows: readonly (readonly [key: Uint8Array, value: T])[];
  /** Where the next page begins; undefined: this was the last. */
  readonly next: Uint8Array | undefined;
}

/** Reads pages of point tables. */
export type PageReader = <T>(from: Table<T>, range: PageRange, done: (page: Page<T>) => void) => void;

/**
 * Pages of tables too large to scan. The keys come from the disk in their own time, the values from the view at the
 * moment `done` runs: a record that was deleted meanwhile is left out, one that changed is shown as it is then. One
 * that was added meanwhile may be missing; who must not miss it has to hear of it in another way as well.
 */
export function pageReader(store: Store, view: Pick<View, "get">): PageReader {
  return (from, { limit, start, after }, done) => {
    const prefix = concatBytes(from.prefix, start ?? new Uint8Array());
    const past = after === undefined ? undefined : concatBytes(from.prefix, after);
    store.page(prefix, limit, past, (full) => {
      const keys = full.map((key) => key.slice(from.prefix.length));
      const rows = keys.flatMap((key) => {
        const value = view.get(from, key);
        return value === undefined ? [] : [[key, value] as const];
      });
      done({ rows, next: keys.length < limit ? undefined : keys.at(-1) });
    });
  };
}
