import { createHash, timingSafeEqual } from "node:crypto";
import { check, concatBytes, utf8 } from "@ipse/protocol";

/** The format of the file around the state; the state inside has its own version. */
export const STATE_FORMAT = 1;
/** No state is near this; a larger file is not ours. */
export const STATE_BYTES_MAX = 16 * 1024 * 1024;

const MAGIC = utf8("IPSEAGNT");
const HEAD_BYTES = MAGIC.length + 2 + 4;
const DIGEST_BYTES = 32;

function digest(head: Uint8Array, payload: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(head).update(payload).digest());
}

/** magic(8) format(2) length(4) sha256(32) payload: a torn or rotten file is noticed before it is believed. */
export function wrapState(payload: Uint8Array): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  head.set(MAGIC);
  const view = new DataView(head.buffer);
  view.setUint16(MAGIC.length, STATE_FORMAT);
  view.setUint32(MAGIC.length + 2, payload.length);
  return concatBytes(head, digest(head, payload), payload);
}

/** Throws ERR_STATE_CORRUPT or ERR_STATE_NEWER with a sentence that names the file. */
export function unwrapState(file: Uint8Array, path: string): Uint8Array {
  const sound = (holds: boolean, why: string) =>
    check(holds, "ERR_STATE_CORRUPT", `the state file ${path} is damaged (${why}); nothing was changed`);
  sound(file.length >= HEAD_BYTES, "it is cut off");
  sound(Buffer.from(file.subarray(0, MAGIC.length)).equals(MAGIC), "it is not an agent's state");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const format = view.getUint16(MAGIC.length);
  check(
    format <= STATE_FORMAT,
    "ERR_STATE_NEWER",
    `the state file ${path} was written by a newer ipse-agent (format ${format}, this one knows ${STATE_FORMAT})`,
  );
  sound(format === STATE_FORMAT, `format ${format} never existed`);
  const length = view.getUint32(MAGIC.length + 2);
  const start = HEAD_BYTES + DIGEST_BYTES;
  sound(file.length >= start + length, "it is cut off");
  sound(file.length === start + length, "something follows it");
  const payload = file.slice(start);
  const stored = file.subarray(HEAD_BYTES, start);
  sound(timingSafeEqual(stored, digest(file.subarray(0, HEAD_BYTES), payload)), "its checksum is wrong");
  return payload;
}
