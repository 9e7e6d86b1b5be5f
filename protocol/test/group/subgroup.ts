import { ed25519 } from "@noble/curves/ed25519.js";
import { loadSodium } from "../../src/group/sodium-load.ts";
import { instantiateStraus, type StrausExports } from "../../src/group/straus-load.ts";
import { generator } from "./encodings.ts";

export const sodium = await loadSodium();

export function freshModule(): StrausExports {
  const wasm = instantiateStraus();
  if (wasm === undefined) throw new Error("this platform has no WebAssembly with SIMD");
  return wasm;
}

const wasm = freshModule();
const candidates = new Uint8Array(wasm.memory.buffer, wasm.candidates(), 64);

function validate(encodings: readonly Uint8Array[]): boolean {
  for (const [at, encoding] of encodings.entries()) candidates.set(encoding, 32 * at);
  return wasm.validate(encodings.length) === 1;
}

/** The module's verdict on 32 bytes, remembering nothing; throws when it depends on what they are judged with. */
export function moduleAccepts(encoding: Uint8Array): boolean {
  const verdicts = [[encoding], [encoding, generator], [generator, encoding], [encoding, encoding]].map(
    validate,
  );
  if (new Set(verdicts).size !== 1) throw new Error(`alone and in pairs: ${verdicts.join()}`);
  return verdicts[0] === true;
}

/** libsodium's verdict; a multiplication by L. */
export function sodiumAccepts(encoding: Uint8Array): boolean | undefined {
  return sodium?.native.crypto_core_ed25519_is_valid_point(encoding);
}

/** noble's verdict; a multiplication by L of BigInt. */
export function nobleAccepts(encoding: Uint8Array): boolean {
  try {
    const point = ed25519.Point.fromBytes(encoding);
    return !point.is0() && point.isTorsionFree();
  } catch {
    return false;
  }
}
