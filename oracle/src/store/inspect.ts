import { existsSync } from "node:fs";
import { IpseError } from "@ipse/protocol";
import { storeSentence } from "./store-errors.ts";
import { openDatabase, versionOf } from "./store-level.ts";

export interface StoreReport {
  /** undefined: nothing was ever written. */
  readonly version: number | undefined;
  readonly keys: number;
  readonly bytes: number;
}

/** Throws ERR_STORE_MISSING. */
export function mustExist(dir: string): void {
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
