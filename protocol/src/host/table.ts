import { concatBytes, utf8 } from "../bytes.ts";
import type { Codec } from "../encoding/index.ts";

/** A named set of records in the store: key bytes behind a prefix, one codec for the values. */
export interface Table<T> {
  readonly name: string;
  readonly prefix: Uint8Array;
  readonly codec: Codec<T>;
}

/** Declares a table. Names are unique and part of the store's format. */
export function table<T>(name: string, codec: Codec<T>): Table<T> {
  return { name, prefix: concatBytes(utf8(name), Uint8Array.of(0)), codec };
}

/** First character of the store keys that are only ever read one by one. */
export const POINT_MARK = ".";

/**
 * Declares a table that is read by key and never scanned, so that a store need not
 * keep its keys at hand: what grows with instances and steps.
 */
export function pointTable<T>(name: string, codec: Codec<T>): Table<T> {
  return table(`${POINT_MARK}${name}`, codec);
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

/**
 * What a machine reads: every change submitted so far, durable or not. Values are
 * shared and MUST NOT be changed in place.
 */
export interface View {
  get<T>(from: Table<T>, key: Uint8Array): T | undefined;
  /** Up to `limit` durable records in key order whose key starts with `start` and is greater than `after`. */
  scan<T>(
    from: Table<T>,
    limit: number,
    start?: Uint8Array,
    after?: Uint8Array,
  ): [key: Uint8Array, value: T][];
}
