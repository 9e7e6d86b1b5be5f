import { byteKey, concatBytes } from "@ipse/protocol";
import { decode, encode } from "@ipse/protocol/encoding";
import { records } from "@ipse/protocol/session/oracle";
import type { OracleProcess } from "../world/index.ts";

/** Rewrites an oracle's disk to what retention would leave of an instance: the head, and nothing below it. */
export function ageDisk(oracle: OracleProcess, instance: Uint8Array): void {
  const image = new Map(oracle.store.image());
  const key = byteKey(concatBytes(records.instances.prefix, instance));
  const durable = image.get(key);
  const record = durable === undefined ? undefined : decode(records.instances.codec, durable);
  const headSeq = record?.head?.signed.header.seq;
  if (record === undefined || headSeq === undefined) return;
  image.set(key, encode(records.instances.codec, { ...record, prunedBelow: headSeq }));
  for (let seq = 0; seq < headSeq; seq++) {
    const old = concatBytes(records.histories.prefix, records.historyKey(instance, seq));
    image.delete(byteKey(old));
  }
  oracle.halt();
  oracle.store.restore(image);
}
