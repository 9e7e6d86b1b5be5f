import { concatBytes, equalBytes, utf8 } from "../bytes.ts";
import { type Codec, decode, encode, encodeForCopying } from "../encoding/index.ts";

/** A named set of records in the store: key bytes behind a prefix, one codec for the values. */
export interface Table<T> {
  readonly name: string;
  readonly prefix: Uint8Array;
  readonly codec: Codec<T>;
  readonly part?: Part;
  /** Nothing in it is secret: rows on their way to the disk may lie in memory that is used longer than they are. */
  readonly withoutSecrets?: true;
}

/**
 * A field whose values lie in rows of their own, under the same keys, because it changes at other times than the rest of
 * the record does. What the record's own row says of it does not count.
 */
export interface Part {
  readonly field: string;
  readonly table: Table<unknown>;
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

/** A table with no secrets in it. */
export function withoutSecrets<S extends Pick<Table<unknown>, "name" | "prefix">>(plain: S): S {
  return { ...plain, withoutSecrets: true };
}

/** A point table one of whose fields lies in another. */
export function parted<T, K extends string & keyof T>(
  whole: Table<T>,
  field: K,
  table: Table<NonNullable<T[K]>>,
): Table<T> {
  return { ...whole, part: { field, table: table as Table<unknown> } };
}

/** The record of a key, as its rows have it. Throws ERR_ENCODING when they are damaged. */
export function readRecord<T>(
  from: Table<T>,
  key: Uint8Array,
  get: (fullKey: Uint8Array) => Uint8Array | undefined,
): T | undefined {
  const bytes = get(concatBytes(from.prefix, key));
  if (bytes === undefined) return undefined;
  const record = decode(from.codec, bytes);
  if (from.part === undefined) return record;
  const { field, table } = from.part;
  return { ...record, [field]: readRecord(table, key, get) };
}

type Fields = Readonly<Record<string, unknown>>;

/** Whether two records differ in another field than this one. */
const differBeside = (field: string, one: Fields, other: Fields): boolean =>
  Object.keys(one).some((name) => name !== field && one[name] !== other[name]);

/** One row to write: its whole key; a deletion when the value is undefined. A store copies what it keeps. */
export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

const encodeRow = <T>({ codec, withoutSecrets: shared }: Table<T>, value: T): Uint8Array =>
  shared === true ? encodeForCopying(codec, value) : encode(codec, value);

/**
 * The rows that make a record what it is to be (undefined: gone), the record's own first where it is among them. Where what
 * they hold is known, `before`, rows that would not change are left out. Values are never changed in place, so the same
 * object is the same value.
 */
export function rowsOf<T>(into: Table<T>, key: Uint8Array, value: T | undefined, before?: T): Row[] {
  const own = concatBytes(into.prefix, key);
  const { part } = into;
  if (part === undefined)
    return [{ key: own, value: value === undefined ? undefined : encodeRow(into, value) }];
  const beside = concatBytes(part.table.prefix, key);
  if (value === undefined) return [own, beside].map((gone) => ({ key: gone, value: undefined }));
  const { field, table } = part;
  const [fresh, old] = [value as Fields, before as Fields | undefined];
  const rows: Row[] = [];
  if (old === undefined || differBeside(field, fresh, old))
    rows.push({ key: own, value: encodeRow(into, { ...value, [field]: undefined }) });
  if (old === undefined || old[field] !== fresh[field])
    rows.push({
      key: beside,
      value: fresh[field] === undefined ? undefined : encodeRow(table, fresh[field]),
    });
  return rows;
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
