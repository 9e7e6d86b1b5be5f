/** Public keys whose validation is remembered: more than a roster and its busy instances need. */
const RECENT_KEYS_MAX = 8192;
/** Signatures that are remembered to be good. */
const RECENT_SIGNATURES_MAX = 8192;
/** Longer messages are not worth the memory; everything of the protocol is signed by its hash. */
const REMEMBERED_MESSAGE_BYTES_MAX = 256;

/** Short byte strings as map keys: one character a byte, so that equal names are equal bytes. */
export function nameOf(...parts: readonly Uint8Array[]): string {
  let name = "";
  for (const part of parts) name += String.fromCharCode.apply(null, part as unknown as number[]);
  return name;
}

/**
 * Remembers the outcome of validating a public key, so that votes and headers under known keys pay for it
 * once. Only valid keys are kept; a full table is dropped as a whole. Answers never depend on its content.
 */
export function recentKeys<T>(
  validate: (key: Uint8Array) => T | undefined,
): (key: Uint8Array) => T | undefined {
  const known = new Map<string, T>();
  return (key) => {
    if (key.length !== 32) return undefined;
    const name = nameOf(key);
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
 * only good ones are kept, in two generations of bounded size. Answers never depend on its content.
 */
export function recentSignatures(verify: Verify): RecentSignatures {
  let young = new Set<string>();
  let old = new Set<string>();
  const keep = (name: string): void => {
    if (young.size >= RECENT_SIGNATURES_MAX / 2) {
      old = young;
      young = new Set();
    }
    young.add(name);
  };
  const nameFor = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): string | undefined => {
    const fits =
      publicKey.length === 32 && signature.length === 64 && message.length <= REMEMBERED_MESSAGE_BYTES_MAX;
    return fits ? nameOf(publicKey, signature, message) : undefined;
  };
  return {
    verify: (publicKey, message, signature) => {
      const name = nameFor(publicKey, message, signature);
      if (name === undefined) return verify(publicKey, message, signature);
      if (young.has(name)) return true;
      const good = old.has(name) || verify(publicKey, message, signature);
      if (good) keep(name);
      return good;
    },
    note: (publicKey, message, signature) => {
      const name = nameFor(publicKey, message, signature);
      if (name !== undefined) keep(name);
    },
  };
}
