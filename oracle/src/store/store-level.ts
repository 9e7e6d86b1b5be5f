import { mkdir, readdir } from "node:fs/promises";
import { IpseError } from "@ipse/protocol";
import { POINT_MARK } from "@ipse/protocol/host";
import { Level } from "level";
import { type Backend, type BackendOp, GroupCommitStore } from "./group-commit.ts";
import { fromKeyText, nativeKey, toKeyText } from "./key-text.ts";
import { damaged, storeSentence } from "./store-errors.ts";

type Bytes = Uint8Array;
export type Database = Level<Bytes, Bytes>;

/** The layout of keys and values on disk; raise it with a migration. */
export const STORE_VERSION = 3;

/** First byte of every key: what describes the store, and what the oracle keeps in it. */
const META = "\x00";
export const DATA = "\x01";
/** Point tables' keys start with POINT_MARK and end before the next character. */
const POINT_PAST = String.fromCharCode(POINT_MARK.charCodeAt(0) + 1);
export const VERSION_KEY = fromKeyText(`${META}version`);
const OWNER_KEY = fromKeyText(`${META}owner`);
const ENCODING = { keyEncoding: "view", valueEncoding: "view" } as const;

export interface LevelStoreOptions {
  readonly dir: string;
  /** Public vote key of the oracle whose store this is; another's store is refused. */
  readonly owner: Uint8Array;
  /** A durable write failed: nothing may be said or done after it. */
  readonly fatal: (error: Error) => void;
  /** How long to wait for another process to let go of the store. */
  readonly lockWaitMs?: number;
}

export interface LevelStore {
  readonly store: GroupCommitStore;
  close(): Promise<void>;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * LevelDB takes a directory without CURRENT for a new database, whatever else lies there: an oracle would
 * forget every vote. A crash while it was made leaves no data files. Throws ERR_STORE_CORRUPT.
 */
async function refuseHeadless(dir: string): Promise<void> {
  const names = await readdir(dir);
  if (names.includes("CURRENT") || !names.some((name) => /^\d+\.(ldb|sst|log)$/.test(name))) return;
  throw damaged(dir);
}

/** Opens the database and takes its lock. Throws ERR_STORE_LOCKED, ERR_STORE_CORRUPT or ERR_STORE_IO in one clear sentence. */
export async function openDatabase(dir: string, lockWaitMs = 0): Promise<Database> {
  const until = performance.now() + lockWaitMs;
  for (;;) {
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await refuseHeadless(dir);
      // It begins to open by itself at once, so not before.
      const db: Database = new Level<Bytes, Bytes>(dir, ENCODING);
      await db.open();
      return db;
    } catch (cause) {
      const error = storeSentence(dir, cause);
      if (error.code !== "ERR_STORE_LOCKED" || performance.now() >= until) throw error;
      await pause(100);
    }
  }
}

/** The version a database was written with; undefined when it is new. */
export function versionOf(db: Database): number | undefined {
  const raw = db.getSync(VERSION_KEY);
  return raw === undefined ? undefined : Number(Buffer.from(raw).toString("utf8"));
}

/** Throws ERR_STORE_VERSION unless this program can use the store. */
export function checkVersion(dir: string, version: number): void {
  if (version === STORE_VERSION) return;
  const newer = version > STORE_VERSION;
  const why = newer
    ? "a newer program wrote it; run that one"
    : "run `ipse-oracle store migrate` with the oracle stopped";
  throw new IpseError(
    "ERR_STORE_VERSION",
    `the store ${dir} has version ${version}, this program needs ${STORE_VERSION}: ${why}`,
  );
}

async function claim(db: Database, dir: string, owner: Bytes): Promise<void> {
  const version = versionOf(db);
  if (version === undefined) {
    const first = [
      { type: "put" as const, key: VERSION_KEY, value: Buffer.from(String(STORE_VERSION)) },
      { type: "put" as const, key: OWNER_KEY, value: owner },
    ];
    await db.batch(first, { sync: true, ...ENCODING });
    return;
  }
  checkVersion(dir, version);
  const own = db.getSync(OWNER_KEY);
  if (own !== undefined && Buffer.compare(own, owner) !== 0)
    throw new IpseError("ERR_STORE_OWNER", `the store ${dir} belongs to an oracle with another vote key`);
}

/** Keys read at once: a promise for each would cost more than the reading. */
const KEYS_PAGE = 4096;

/** Keys of what may be scanned, in order; point tables, which grow with instances and steps, are jumped over. */
async function scannedKeys(db: Database): Promise<string[]> {
  const out: string[] = [];
  const ranges = [
    { gte: fromKeyText(DATA), lt: fromKeyText(DATA + POINT_MARK) },
    { gte: fromKeyText(DATA + POINT_PAST) },
  ];
  for (const range of ranges) {
    const keys = db.keys(range);
    try {
      for (let page = await keys.nextv(KEYS_PAGE); page.length > 0; page = await keys.nextv(KEYS_PAGE))
        for (const key of page) out.push(toKeyText(key).slice(1));
    } finally {
      await keys.close();
    }
  }
  return out;
}

/** The first key behind all that start with this prefix; undefined where there is none. */
function behind(prefix: string): string | undefined {
  const stem = prefix.replace(/\xff+$/, "");
  const last = stem.at(-1);
  return last === undefined ? undefined : stem.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1);
}

/** Bytes of keys that LevelDB hands over at once: about a page of them. */
const PAGE_BYTES = 512 * 1024;

/** Keys of a snapshot that LevelDB takes here and now; it is read outside of the event loop. */
async function pageOfKeys(db: Database, prefix: string, limit: number, after?: string): Promise<string[]> {
  const lt = behind(DATA + prefix);
  const past = after !== undefined && after >= prefix;
  const range = {
    ...(past ? { gt: fromKeyText(DATA + after) } : { gte: fromKeyText(DATA + prefix) }),
    ...(lt === undefined ? {} : { lt: fromKeyText(lt) }),
  };
  const keys = await db.keys({ ...range, limit, highWaterMarkBytes: PAGE_BYTES }).all();
  return keys.map((key) => toKeyText(key).slice(1));
}

async function write(db: Database, ops: readonly BackendOp[], sync: boolean): Promise<void> {
  // A chained batch: half of what an array of operations costs on its way into LevelDB.
  const batch = db.batch();
  for (const { key, value } of ops) {
    if (value === undefined) batch.del(nativeKey(DATA + key));
    else batch.put(nativeKey(DATA + key), value);
  }
  await batch.write({ sync });
}

/** LevelDB under an oracle's keys. Without `sync` a power cut takes back what was written: no oracle runs so. */
export function levelBackend(db: Database, sync = true): Backend {
  return {
    get: (key) => db.getSync(nativeKey(DATA + key)),
    keys: (prefix, limit, after) => pageOfKeys(db, prefix, limit, after),
    write: (ops) => write(db, ops, sync),
  };
}

/** Opens (or creates) an oracle's durable store. Throws ERR_STORE_*. */
export async function openLevelStore(options: LevelStoreOptions): Promise<LevelStore> {
  const { dir, owner, fatal, lockWaitMs } = options;
  const db = await openDatabase(dir, lockWaitMs);
  try {
    await claim(db, dir, owner);
    const onFatal = (error: Error): void => fatal(storeSentence(dir, error));
    const store = new GroupCommitStore(levelBackend(db), await scannedKeys(db), onFatal);
    return { store, close: () => db.close() };
  } catch (error) {
    await db.close();
    throw error instanceof IpseError ? error : storeSentence(dir, error);
  }
}
