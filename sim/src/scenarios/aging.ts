import { byteKey, concatBytes } from "@ipse/protocol";
import { records } from "@ipse/protocol/session/oracle";
import { type OracleProcess, rewriteRecord } from "../world/index.ts";

/** Rewrites an oracle's disk to what retention would leave of an instance: the head, and nothing below it. */
export function ageDisk(oracle: OracleProcess, instance: Uint8Array): void {
  const image = new Map(oracle.store.image());
  const record = rewriteRecord(image, instance, (one) => ({
    ...one,
    prunedBelow: one.head?.signed.header.seq ?? one.prunedBelow,
  }));
  const headSeq = record?.head?.signed.header.seq;
  if (headSeq === undefined) return;
  for (let seq = 0; seq < headSeq; seq++) {
    const old = concatBytes(records.histories.prefix, records.historyKey(instance, seq));
    image.delete(byteKey(old));
  }
  oracle.halt();
  oracle.store.restore(image);
}
