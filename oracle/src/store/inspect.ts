import { existsSync } from "node:fs";
import { IpseError } from "@ipse/protocol";
import { storeSentence } from "./store-errors.ts";
import { checkVersion, openDatabase, STORE_VERSION, versionOf } from "./store-level.ts";

export interface StoreReport {
  /** undefined: nothing was ever written. */
  readonly version: number | undefined;
  readonly keys: number;
  readonly bytes: number;
}

function mustExist(dir: string): void {
  if (!existsSync(dir)) throw new IpseError("ERR_STORE_MISSING", `there is no store at ${dir}`);
}

/** Reads every key and value once, so that damage shows. Throws ERR_STORE_*. */
export async function inspectStore(dir: string): Promise<StoreReport> {
  mustExist(dir);
  const db = await openDatabase(dir);
  try {
    let keys = 0;
    let bytes = 0;
    for await (const [key, value] of db.iterator()) {
      keys++;
      bytes += key.length + value.length;
    }
    return { version: versionOf(db), keys, bytes };
  } catch (error) {
    throw storeSentence(dir, error);
  } finally {
    await db.close();
  }
}

/** Brings a store to STORE_VERSION; returns the version it had. Version 1 is the first, so there is nothing to do yet. */
export async function migrateStore(dir: string): Promise<number> {
  mustExist(dir);
  const db = await openDatabase(dir);
  try {
    const version = versionOf(db) ?? STORE_VERSION;
    checkVersion(dir, version);
    return version;
  } finally {
    await db.close();
  }
}
