import { byteKey } from "@ipse/protocol";
import type { records } from "@ipse/protocol/session/oracle";
import { type OracleProcess, rewriteRecord } from "../world/index.ts";

/** Restarts an oracle on a changed disk: how a broken build's forgetting is played without touching the machine. */
export function operate(oracle: OracleProcess, change: (image: Map<string, Uint8Array>) => void): void {
  if (!oracle.up) return;
  const image = new Map(oracle.store.image());
  change(image);
  oracle.halt();
  oracle.store.restore(image);
  oracle.boot();
}

/** Changes the record of one instance on an oracle's disk. */
export function operateRecord(
  oracle: OracleProcess,
  instance: Uint8Array,
  change: (record: records.InstanceRecord) => records.InstanceRecord,
): void {
  operate(oracle, (image) => {
    rewriteRecord(image, instance, change);
  });
}

/** Deletes all rows of a table. */
export function dropTable(image: Map<string, Uint8Array>, table: { readonly prefix: Uint8Array }): void {
  const prefix = byteKey(table.prefix);
  for (const key of [...image.keys()]) if (key.startsWith(prefix)) image.delete(key);
}
