import { byteKey } from "../bytes.ts";
import { SIGNATURE_BYTES } from "./group.ts";
import { RecentBytes } from "./recent-bytes.ts";

/** Public keys whose validation is remembered: more than a roster and its busy instances need. */
const RECENT_KEYS_MAX = 8192;
/** Sets of four signatures that are remembered to be good. */
const SIGNATURE_SETS = 4096;
/** Longer messages are not worth the memory; everything of the protocol is signed by its hash. */
const REMEMBERED_MESSAGE_BYTES_MAX = 96;
const KEY_BYTES = 32;

/**
 * Remembers the outcome of validating a public key, so that votes and headers under known keys pay for it
 * once. Only valid keys are kept; a full table is dropped as a whole. Answers never depend on its content.
 */
export function recentKeys<T>(
  validate: (key: Uint8Array) => T | undefined,
): (key: Uint8Array) => T | undefined {
  const known = new Map<string, T>();
  return (key) => {
    if (key.length !== KEY_BYTES) return undefined;
    const name = byteKey(key);
    const hit = known.get(name);
    if (hit !== undefined) return hit;
    const validated = validate(key);
    if (validated === undefined) return undefined;
    if (known.size >= RECENT_KEYS_MAX) known.clear();
    known.set(name, validated);
    return validated;
  };
}

type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

export interface RecentSignatures {
  readonly verify: Verify;
  /** A signature this process has just made itself. */
  note(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void;
}

/**
 * Remembers signatures that were found good: the same header, vote or certificate arrives many times (with its
 * step, with its successor, by gossip). The whole of key, signature and message is compared, not a hash of them;
 * only good ones are kept, as copies in a table of fixed size. Answers never depend on its content.
 */
export function recentSignatures(verify: Verify): RecentSignatures {
  const bytesMax = 3 + KEY_BYTES + SIGNATURE_BYTES + REMEMBERED_MESSAGE_BYTES_MAX;
  let table: RecentBytes | undefined;
  const fits: Verify = (publicKey, message, signature) =>
    publicKey.length === KEY_BYTES &&
    signature.length === SIGNATURE_BYTES &&
    message.length <= REMEMBERED_MESSAGE_BYTES_MAX;
  const tableOnceUsed = (): RecentBytes => {
    table ??= new RecentBytes(SIGNATURE_SETS, bytesMax);
    return table;
  };
  return {
    verify: (publicKey, message, signature) => {
      if (!fits(publicKey, message, signature)) return verify(publicKey, message, signature);
      const recent = tableOnceUsed();
      if (recent.find(publicKey, signature, message) >= 0) return true;
      const { lookups } = recent;
      if (!verify(publicKey, message, signature)) return false;
      // Verifying may have remembered others, and this one among them.
      if (recent.lookups === lookups || recent.find(publicKey, signature, message) < 0) recent.keep();
      return true;
    },
    note: (publicKey, message, signature) => {
      if (!fits(publicKey, message, signature)) return;
      const recent = tableOnceUsed();
      if (recent.find(publicKey, signature, message) < 0) recent.keep();
    },
  };
}
