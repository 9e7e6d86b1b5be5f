import { createHash, timingSafeEqual } from "node:crypto";
import { check, concatBytes, equalBytes, utf8 } from "@ipse/protocol";

/** The format of the file around the state; the state inside has its own version. */
export const STATE_FORMAT = 1;
/** No state is near this; a larger file is not ours. */
export const STATE_BYTES_MAX = 16 * 1024 * 1024;

const MAGIC = utf8("IPSEAGNT");
const HEAD_BYTES = MAGIC.length + 2 + 4 + 4;
const DIGEST_BYTES = 32;

/** The two parts of the file: the cluster (public, fixed at enrollment) and the machine's state (secret). */
export interface StateParts {
  readonly cluster: Uint8Array;
  readonly state: Uint8Array;
}

function digest(head: Uint8Array, content: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(head).update(content).digest());
}

/** magic(8) format(2) lengths(4+4) sha256(32) cluster state: a torn or rotten file is noticed before it is believed. */
export function wrapState(parts: StateParts): Uint8Array {
  const head = new Uint8Array(HEAD_BYTES);
  head.set(MAGIC);
  const view = new DataView(head.buffer);
  view.setUint16(MAGIC.length, STATE_FORMAT);
  view.setUint32(MAGIC.length + 2, parts.cluster.length);
  view.setUint32(MAGIC.length + 6, parts.state.length);
  const file = concatBytes(head, new Uint8Array(DIGEST_BYTES), parts.cluster, parts.state);
  file.set(digest(head, file.subarray(HEAD_BYTES + DIGEST_BYTES)), HEAD_BYTES);
  return file;
}

/** Throws ERR_STATE_CORRUPT or ERR_STATE_NEWER with a sentence that names the file. */
export function unwrapState(buffer: Uint8Array, path: string): StateParts {
  // A Node Buffer's slice() shares memory; a plain view's copies.
  const file = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const sound = (holds: boolean, why: string) =>
    check(
      holds,
      "ERR_STATE_CORRUPT",
      `the state file ${path} is damaged (${why}); nothing was changed. Enroll anew in another directory`,
    );
  sound(file.length >= MAGIC.length + 2, "it is cut off");
  sound(equalBytes(file.subarray(0, MAGIC.length), MAGIC), "it is not an agent's state");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const format = view.getUint16(MAGIC.length);
  check(
    format <= STATE_FORMAT,
    "ERR_STATE_NEWER",
    `the state file ${path} was written by a newer ipse-agent (format ${format}, this one knows ${STATE_FORMAT})`,
  );
  sound(format === STATE_FORMAT, `format ${format} never existed`);
  const start = HEAD_BYTES + DIGEST_BYTES;
  sound(file.length >= start, "it is cut off");
  const clusterEnd = start + view.getUint32(MAGIC.length + 2);
  const stateEnd = clusterEnd + view.getUint32(MAGIC.length + 6);
  sound(file.length >= stateEnd, "it is cut off");
  sound(file.length === stateEnd, "something follows it");
  const own = digest(file.subarray(0, HEAD_BYTES), file.subarray(start));
  sound(timingSafeEqual(own, file.subarray(HEAD_BYTES, start)), "its checksum is wrong");
  return { cluster: file.slice(start, clusterEnd), state: file.slice(clusterEnd) };
}
