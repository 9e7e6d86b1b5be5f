import { byteKey, concatBytes } from "@ipse/protocol";
import { decode, encode } from "@ipse/protocol/encoding";
import { records } from "@ipse/protocol/session/oracle";
import type { OracleProcess } from "../world/index.ts";

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
    const key = byteKey(concatBytes(records.instances.prefix, instance));
    const durable = image.get(key);
    if (durable !== undefined)
      image.set(key, encode(records.instances.codec, change(decode(records.instances.codec, durable))));
  });
}

/** Deletes all rows of a table. */
export function dropTable(image: Map<string, Uint8Array>, table: { readonly prefix: Uint8Array }): void {
  const prefix = byteKey(table.prefix);
  for (const key of [...image.keys()]) if (key.startsWith(prefix)) image.delete(key);
}
