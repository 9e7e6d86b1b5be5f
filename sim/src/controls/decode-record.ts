import { decode } from "@ipse/protocol/encoding";
import { records } from "@ipse/protocol/session/oracle";

export function decodeRecord(value: Uint8Array): records.InstanceRecord {
  return decode(records.instances.codec, value);
}
