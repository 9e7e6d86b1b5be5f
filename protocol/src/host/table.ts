import { concatBytes, equalBytes, utf8 } from "../bytes.ts";
import type { Codec } from "../encoding/index.ts";

/** A named set of records in the store: key bytes behind a prefix, one codec for the values. */
export interface Table<T> {
  readonly name: string;
  readonly prefix: Uint8Array;
  readonly codec: Codec<T>;
}

/** A table that stays small, whose keys every store keeps at hand: it can be scanned at once. */
export interface ScannedTable<T> extends Table<T> {
  readonly scanned: true;
}

const prefixOf = (name: string): Uint8Array => concatBytes(utf8(name), Uint8Array.of(0));

/** Declares a table that stays small. Names are unique and part of the store's format. */
export function table<T>(name: string, codec: Codec<T>): ScannedTable<T> {
  return { name, prefix: prefixOf(name), codec, scanned: true };
}

/** First character of the store keys that are only ever read one by one or by pages. */
export const POINT_MARK = ".";

/**
 * Declares a table that grows with instances and steps: it is read by key, or by pages that take their time
 * (pages.ts), and never scanned, so that no store keeps its keys in memory nor reads them when it opens.
 */
export function pointTable<T>(name: string, codec: Codec<T>): Table<T> {
  return { name: `${POINT_MARK}${name}`, prefix: prefixOf(`${POINT_MARK}${name}`), codec };
}

/** What every store's `scan` does first: a scan of a point table is a mistake in the program. */
export function refusePointScan(prefix: Uint8Array): void {
  if (prefix[0] === POINT_MARK.charCodeAt(0)) throw new Error("point tables are read by key or by pages");
}

/** One change a machine asks for; the host makes all changes of a step durable at once. */
export interface Mutation {
  readonly table: Table<unknown>;
  readonly key: Uint8Array;
  /** undefined deletes. */
  readonly value: unknown;
  /** The record must not exist: what may happen once for ever (ticket uses, pool keys, jti burns). */
  readonly ifAbsent?: boolean;
}

export function put<T>(into: Table<T>, key: Uint8Array, value: T): Mutation {
  return { table: into as Table<unknown>, key, value };
}

export function putOnce<T>(into: Table<T>, key: Uint8Array, value: T): Mutation {
  return { table: into as Table<unknown>, key, value, ifAbsent: true };
}

export function remove<T>(from: Table<T>, key: Uint8Array): Mutation {
  return { table: from as Table<unknown>, key, value: undefined };
}

/** The view as it will be once these mutations are made; scans do not show them. */
export function viewAfter(view: View, mutations: readonly Mutation[]): View {
  return {
    get: <T>(from: Table<T>, key: Uint8Array): T | undefined => {
      const made = mutations.findLast((one) => one.table === from && equalBytes(one.key, key));
      return made === undefined ? view.get(from, key) : (made.value as T | undefined);
    },
    scan: (from, limit, start, after) => view.scan(from, limit, start, after),
  };
}

/**
 * What a machine reads: every change submitted so far, durable or not. Values are
 * shared and MUST NOT be changed in place.
 */
export interface View {
  get<T>(from: Table<T>, key: Uint8Array): T | undefined;
  /** Up to `limit` durable records in key order whose key starts with `start` and is greater than `after`. */
  scan<T>(
    from: ScannedTable<T>,
    limit: number,
    start?: Uint8Array,
    after?: Uint8Array,
  ): [key: Uint8Array, value: T][];
}
