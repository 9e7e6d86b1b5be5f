import { byteKey } from "@ipse/protocol";
import { readRecord, rowsOf } from "@ipse/protocol/host";
import { records } from "@ipse/protocol/session/oracle";

/** Changes the record of one instance in a disk's image; returns what it was. */
export function rewriteRecord(
  image: Map<string, Uint8Array>,
  instance: Uint8Array,
  change: (record: records.InstanceRecord) => records.InstanceRecord,
): records.InstanceRecord | undefined {
  const durable = readRecord(records.instances, instance, (key) => image.get(byteKey(key)));
  if (durable === undefined) return undefined;
  for (const { key, value } of rowsOf(records.instances, instance, change(durable))) {
    if (value === undefined) image.delete(byteKey(key));
    else image.set(byteKey(key), value);
  }
  return durable;
}
