/** What the fast backend uses of sodium-native (libsodium compiled natively); each function writes its first argument. */
export interface SodiumNative {
  crypto_core_ed25519_is_valid_point(p: Uint8Array): boolean;
  crypto_core_ed25519_add(r: Uint8Array, p: Uint8Array, q: Uint8Array): void;
  crypto_core_ed25519_sub(r: Uint8Array, p: Uint8Array, q: Uint8Array): void;
  crypto_core_ed25519_scalar_reduce(r: Uint8Array, s: Uint8Array): void;
  crypto_core_ed25519_scalar_add(z: Uint8Array, x: Uint8Array, y: Uint8Array): void;
  crypto_core_ed25519_scalar_sub(z: Uint8Array, x: Uint8Array, y: Uint8Array): void;
  crypto_core_ed25519_scalar_negate(neg: Uint8Array, s: Uint8Array): void;
  crypto_core_ed25519_scalar_invert(recip: Uint8Array, s: Uint8Array): void;
  crypto_scalarmult_ed25519_base_noclamp(q: Uint8Array, n: Uint8Array): void;
  crypto_scalarmult_ed25519_noclamp(q: Uint8Array, n: Uint8Array, p: Uint8Array): void;
  crypto_hash_sha512(out: Uint8Array, input: Uint8Array): void;
  crypto_sign_seed_keypair(pk: Uint8Array, sk: Uint8Array, seed: Uint8Array): void;
  crypto_sign_detached(sig: Uint8Array, message: Uint8Array, sk: Uint8Array): void;
  crypto_sign_verify_detached(sig: Uint8Array, message: Uint8Array, pk: Uint8Array): boolean;
  sodium_memzero(bytes: Uint8Array): void;
}

/** What it uses of libsodium-wrappers-sumo (libsodium compiled to WASM): the one operation sodium-native lacks. */
export interface SodiumWasm {
  readonly ready: Promise<void>;
  crypto_core_ed25519_scalar_mul(x: Uint8Array, y: Uint8Array): Uint8Array;
}

export interface Sodium {
  readonly native: SodiumNative;
  readonly wasm: SodiumWasm;
}

/**
 * Loads both builds of libsodium, or undefined where one is missing (they are optional dependencies) or does
 * not run here. The specifiers are variables so that their type packages, which bring the node types along,
 * stay out of this platform-free package.
 */
export async function loadSodium(): Promise<Sodium | undefined> {
  try {
    const native = await importDefault<SodiumNative>("sodium-native");
    const wasm = await importDefault<SodiumWasm>("libsodium-wrappers-sumo");
    await wasm.ready;
    return { native, wasm };
  } catch {
    return undefined;
  }
}

async function importDefault<T>(specifier: string): Promise<T> {
  const module: unknown = await import(specifier);
  return (module as { readonly default: T }).default;
}
