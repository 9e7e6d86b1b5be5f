import { randomBytes } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { openDatabase, openLevelStore } from "@ipse/oracle/store";
import { decode, encode, type Infer } from "@ipse/protocol/encoding";
import type { StoreOp, Table } from "@ipse/protocol/host";
import { records } from "@ipse/protocol/session/oracle";
import { known } from "../signing/material.ts";

/** Certified steps each copied instance has behind it. */
const HISTORY = 3;
/** What the oracle's store puts before each of its keys (store-level.ts). */
const DATA = Uint8Array.of(1);
/** Instances a batch adds. */
const BATCH = 500;

function row<T>(into: Table<T>, key: Uint8Array, value: T): StoreOp {
  return { key: Buffer.concat([into.prefix, key]), value: encode(into.codec, value) };
}

/** Every row that one more enrolled instance puts into an oracle's store, after the model of a real one. */
function rowsOf(
  model: records.InstanceRecord,
  enrollment: Infer<typeof records.enrollmentRecord>,
): StoreOp[] {
  const id = randomBytes(32);
  const certified = known(model.head, "a head");
  const constants = { ...model.constants, instance: id };
  const record = { ...model, constants, vote: undefined, undecided: [] };
  const history = Array.from({ length: HISTORY }, (_, seq) =>
    row(records.histories, records.historyKey(id, seq), { certified, adoptedAtMs: 1 }),
  );
  const named = { instance: id };
  return [
    row(records.instances, id, record),
    row(records.enrollments, id, enrollment),
    row(records.ticketUses, randomBytes(18), named),
    row(records.poolUses, randomBytes(32), named),
    row(records.kidIndex, randomBytes(32), named),
    row(records.workloadIndex, randomBytes(64), named),
    ...history,
  ];
}

/** What the rows are modeled on: an instance that really enrolled, as this oracle keeps it. */
export async function modelIn(dir: string, owner: Uint8Array) {
  const fatal = (error: Error): never => {
    throw error;
  };
  const { store, close } = await openLevelStore({ dir, owner, fatal });
  try {
    const keys = await new Promise<Uint8Array[]>((resolve) =>
      store.page(records.instances.prefix, 1, undefined, resolve),
    );
    const key = known(keys[0], "an instance");
    const model = decode(records.instances.codec, known(store.get(key), "an instance"));
    const id = key.slice(records.instances.prefix.length);
    const stored = store.get(Buffer.concat([records.enrollments.prefix, id]));
    return { model, enrollment: decode(records.enrollments.codec, known(stored, "an enrollment")) };
  } finally {
    await close();
  }
}

/** `level` runs classic-level here and hides what the browser's store has not got. */
function compact(store: unknown): Promise<void> {
  const { compactRange } = store as { compactRange(start: Uint8Array, end: Uint8Array): Promise<void> };
  return compactRange.call(store, Uint8Array.of(0), Uint8Array.of(255));
}

/**
 * Adds instances to the stores of stopped oracles: copies of one that really enrolled, under names of their own,
 * with every row that an enrollment and its steps leave. Nothing ever asks for them; they are there. All stores
 * get the same rows, the first oracle's shares included: they are as long as the others'.
 */
export async function populate(dirs: readonly string[], owner: Uint8Array, count: number): Promise<void> {
  const { model, enrollment } = await modelIn(known(dirs[0], "a store"), owner);
  const stores = await Promise.all(dirs.map((dir) => openDatabase(dir)));
  try {
    for (let made = 0; made < count; made += BATCH) {
      const size = Math.min(BATCH, count - made);
      const rows = Array.from({ length: size }, () => rowsOf(model, enrollment)).flat();
      const batch = rows.map(({ key, value }) => ({
        type: "put" as const,
        key: Buffer.concat([DATA, key]),
        value: known(value, "a row"),
      }));
      await Promise.all(stores.map((store) => store.batch(batch)));
    }
    // A store that grew over weeks has compacted itself on the way.
    for (const store of stores) await compact(store);
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
}

/** Bytes of the files in a directory. */
export function bytesIn(dir: string): number {
  return readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
}
