import { bytes, type Codec, refine, text, u16 } from "./encoding/codec.ts";
import { ORACLES_MAX, SPIFFE_ID_BYTES_MAX, URL_BYTES_MAX } from "./limits.ts";

/** SHA-256 digests: roster hash, instance, header hash, parent. */
export const hash32: Codec<Uint8Array> = bytes(32);
/** An Ed25519 public key or any point of the group, encoded. */
export const key32: Codec<Uint8Array> = bytes(32);
/** A scalar of the group, encoded. */
export const scalar32: Codec<Uint8Array> = bytes(32);
/** An Ed25519 signature. */
export const signature64: Codec<Uint8Array> = bytes(64);
/** Random identifiers: tickets, nonce slots, boots. */
export const id16: Codec<Uint8Array> = bytes(16);
/** Salts and challenges. */
export const salt32: Codec<Uint8Array> = bytes(32);

/** An oracle's number in its roster, 1..n; also its FROST identifier. */
export const oracleId: Codec<number> = refine(
  u16,
  (id) => id >= 1 && id <= ORACLES_MAX,
  "an oracle id out of range",
);

const SPIFFE_ID = /^spiffe:\/\/[a-z0-9._-]{1,255}(\/[A-Za-z0-9._-]+)+$/;
const DOT_SEGMENT = /\/\.\.?(\/|$)/;

/** Whether the text is a workload's SPIFFE ID (SPIFFE-ID specification, section 2): a trust domain and a path without empty or dot segments. */
export function isSpiffeId(id: string): boolean {
  return id.length <= SPIFFE_ID_BYTES_MAX && SPIFFE_ID.test(id) && !DOT_SEGMENT.test(id);
}

/** The trust domain of a SPIFFE ID that isSpiffeId accepted. */
export function trustDomainOf(id: string): string {
  return id.slice("spiffe://".length).split("/")[0] ?? "";
}

export const spiffeId: Codec<string> = refine(text(SPIFFE_ID_BYTES_MAX), isSpiffeId, "not a SPIFFE ID");
export const urlText: Codec<string> = refine(
  text(URL_BYTES_MAX),
  (url) => /^https?:\/\/[^\s#]+$/.test(url),
  "not an http(s) URL without fragment",
);
