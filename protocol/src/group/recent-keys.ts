import { toHex } from "../bytes.ts";

/** Public keys whose validation is remembered: more than a roster and its busy instances need. */
const RECENT_KEYS_MAX = 4096;

/**
 * Remembers the outcome of validating a public key, so that votes and headers under known keys pay for it
 * once. Only valid keys are kept; a full table is dropped as a whole. Answers never depend on its content.
 */
export function recentKeys<T>(
  validate: (key: Uint8Array) => T | undefined,
): (key: Uint8Array) => T | undefined {
  const known = new Map<string, T>();
  return (key) => {
    const name = toHex(key);
    const hit = known.get(name);
    if (hit !== undefined) return hit;
    const validated = validate(key);
    if (validated === undefined) return undefined;
    if (known.size >= RECENT_KEYS_MAX) known.clear();
    known.set(name, validated);
    return validated;
  };
}
