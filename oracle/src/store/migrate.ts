import { decode, encode } from "@ipse/protocol/encoding";
import { type Mutation, offerMutations, POINT_MARK, put, type Table, type View } from "@ipse/protocol/host";
import { statements } from "@ipse/protocol/registry";
import { records } from "@ipse/protocol/session/oracle";
import type { GossipItem } from "@ipse/protocol/wire";
import { mustExist } from "./inspect.ts";
import { fromKeyText } from "./key-text.ts";
import { storeSentence } from "./store-errors.ts";
import {
  checkVersion,
  DATA,
  type Database,
  openDatabase,
  STORE_VERSION,
  VERSION_KEY,
  versionOf,
} from "./store-level.ts";

const ENCODING = { keyEncoding: "view", valueEncoding: "view" } as const;
const ROWS = 512;

/** Version 2: what grows with instances is in point tables. */
const RENAMED = ["instance", "fork", "stale", "workload-instance", "statement", "event-made"];

/** Every row whose key starts with a text, in batches. */
async function* batchesOf(db: Database, prefix: string): AsyncGenerator<[Uint8Array, Uint8Array][]> {
  const gte = fromKeyText(prefix);
  const lt = fromKeyText(`${prefix.slice(0, -1)}\x01`);
  const rows = db.iterator({ gte, lt });
  try {
    for (let page = await rows.nextv(ROWS); page.length > 0; page = await rows.nextv(ROWS)) yield page;
  } finally {
    await rows.close();
  }
}

async function rename(db: Database, name: string): Promise<void> {
  const old = `${DATA}${name}\0`;
  const fresh = fromKeyText(`${DATA}${POINT_MARK}${name}\0`);
  for await (const rows of batchesOf(db, old)) {
    const ops = rows.flatMap(([key, value]) => [
      { type: "put" as const, key: Buffer.concat([fresh, key.subarray(old.length)]), value },
      { type: "del" as const, key },
    ]);
    await db.batch(ops, { sync: true, ...ENCODING });
  }
}

const fullKey = (from: Table<unknown>, key: Uint8Array): Buffer =>
  Buffer.concat([fromKeyText(DATA), from.prefix, key]);

/** Writes what a version keeps beside each row of a table. */
async function addBeside<T>(
  db: Database,
  from: Table<T>,
  beside: (key: Uint8Array, value: T) => readonly Mutation[],
): Promise<void> {
  const prefix = DATA + Buffer.from(from.prefix).toString("latin1");
  for await (const rows of batchesOf(db, prefix)) {
    const made = rows.flatMap(([key, value]) => beside(key.slice(prefix.length), decode(from.codec, value)));
    const ops = made.map(({ table, key, value }) => ({
      type: "put" as const,
      key: fullKey(table, key),
      value: encode(table.codec, value),
    }));
    await db.batch(ops, { sync: true, ...ENCODING });
  }
}

/** From version 1: point tables, what gossip offers by hash, and ended instances not yet announced. Repeats what a crash cut short. */
async function toVersion2(db: Database): Promise<void> {
  for (const name of RENAMED) await rename(db, name);
  const view: Pick<View, "get"> = {
    get: (from, key) => {
      const value = db.getSync(fullKey(from, key));
      return value === undefined ? undefined : decode(from.codec, value);
    },
  };
  const offer = (item: GossipItem) => offerMutations(view, item);
  await addBeside(db, records.forks, (_, evidence) => offer({ kind: "evidence", evidence }));
  await addBeside(db, records.equivocations, (_, evidence) => offer({ kind: "equivocation", evidence }));
  await addBeside(db, statements, (_, statement) => offer({ kind: "statement", statement }));
  await addBeside(db, records.staleNotices, (instance, notice) => {
    const enrollment = view.get(records.enrollments, instance);
    return enrollment === undefined ? [] : offer({ kind: "stale", notice, enrollment });
  });
  // One that was announced before is dropped again by the oracle.
  await addBeside(db, records.instances, (instance, { status }) =>
    status === "revoked" || status === "ended" ? [put(records.endedIndex, instance, { instance })] : [],
  );
}

/** Votes get rows of their own. What the records still hold of them does not count any more. */
const toVersion3 = (db: Database): Promise<void> =>
  addBeside(db, records.instances, (instance, { vote }) =>
    vote === undefined ? [] : [put(records.castVotes, instance, vote)],
  );

/** Brings a store to STORE_VERSION; returns the version it had. Throws ERR_STORE_*. */
export async function migrateStore(dir: string): Promise<number> {
  mustExist(dir);
  const db = await openDatabase(dir);
  try {
    const version = versionOf(db) ?? STORE_VERSION;
    if (version === 1) await toVersion2(db);
    if (version !== 1 && version !== 2) checkVersion(dir, version);
    else {
      await toVersion3(db);
      await db.put(VERSION_KEY, Buffer.from(String(STORE_VERSION)), { sync: true, ...ENCODING });
    }
    return version;
  } catch (error) {
    throw storeSentence(dir, error);
  } finally {
    await db.close();
  }
}
