import { equalBytes, fromBase64Url, toBase64Url } from "../bytes.ts";
import {
  constant,
  decode,
  encode,
  type Infer,
  list,
  optional,
  refine,
  struct,
  text,
  u32,
} from "../encoding/index.ts";
import { check, IpseError } from "../errors.ts";
import type { Group } from "../group/group.ts";
import { hash32, oracleId, salt32 } from "../ids.ts";
import { JOIN_URI_CHARS_MAX, ORACLES_MAX, TEXT_BYTES_MAX } from "../limits.ts";
import { signedTicket } from "./ticket.ts";

/** Where the agent finds an oracle the first time; signed endpoint statements take over after that. */
const bootstrapEntry = struct({
  oracle: oracleId,
  sessionUrl: refine(
    text(TEXT_BYTES_MAX),
    (url) => /^(ws|http)s?:\/\/[^\s#]+$/.test(url),
    "not a session URL",
  ),
  /** SHA-256 of the listener's SubjectPublicKeyInfo; all zero on plaintext loopback. */
  tlsPin: hash32,
});

/** What one copy-paste string carries: the ticket with its SECRET seed, the roster's hash, the way to the oracles. */
export const join = struct({
  version: constant(1),
  /** Ed25519 seed of the ticket key. It is a secret until the ticket is used up, and never leaves the agent. */
  seed: salt32,
  signedTicket,
  rosterHash: hash32,
  bootstrap: list(bootstrapEntry, ORACLES_MAX),
  /** How often the operators would like a sign of life; the agent's own setting wins. */
  heartbeatMs: optional(u32),
});
export type Join = Infer<typeof join>;

const SCHEME = "ipse-join:";

function checkJoin(value: Join): void {
  const pinned = equalBytes(value.rosterHash, value.signedTicket.ticket.rosterHash);
  check(pinned, "ERR_JOIN_URI", "the join URI and its ticket name different rosters");
  const ids = value.bootstrap.map((entry) => entry.oracle);
  const ordered = ids.every((id, i) => i === 0 || id > (ids[i - 1] ?? id));
  check(ids.length > 0 && ordered, "ERR_JOIN_URI", "the join URI lists no oracles, or not in order");
}

/** The join URI of a ticket. Throws ERR_JOIN_URI when its parts do not belong together. */
export function encodeJoinUri(value: Join): string {
  checkJoin(value);
  const uri = SCHEME + toBase64Url(encode(join, value));
  check(uri.length <= JOIN_URI_CHARS_MAX, "ERR_JOIN_URI", `more than ${JOIN_URI_CHARS_MAX} characters`);
  return uri;
}

/**
 * Parses a join URI; white space around it is a paste's and ignored. Whether the seed is the ticket's is
 * checkJoinSeed's. Throws ERR_JOIN_URI; the error never repeats the text, which is a secret.
 */
export function parseJoinUri(uri: string): Join {
  const trimmed = uri.length <= 2 * JOIN_URI_CHARS_MAX ? uri.trim() : uri;
  const fits = trimmed.length <= JOIN_URI_CHARS_MAX && trimmed.startsWith(SCHEME);
  check(fits, "ERR_JOIN_URI", `not a join URI: ${SCHEME}... of at most ${JOIN_URI_CHARS_MAX} characters`);
  const raw = fromBase64Url(trimmed.slice(SCHEME.length));
  check(raw !== undefined, "ERR_JOIN_URI", "the join URI is damaged: not base64url");
  let value: Join;
  try {
    value = decode(join, raw);
  } catch (error) {
    const newer = error instanceof IpseError && error.code === "ERR_ENCODING_VERSION";
    const why = newer ? "of a version this program does not know" : "damaged or cut off";
    throw new IpseError("ERR_JOIN_URI", `the join URI is ${why}`);
  }
  checkJoin(value);
  return value;
}

/** Throws ERR_JOIN_URI unless the seed is the one of the ticket's key. */
export function checkJoinSeed(group: Group, value: Join): void {
  const own = equalBytes(group.ed25519.publicKey(value.seed), value.signedTicket.ticket.ticketKey);
  check(own, "ERR_JOIN_URI", "the join URI's seed is not its ticket's");
}
