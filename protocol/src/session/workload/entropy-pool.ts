import { expand, extract } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { utf8, zeroize } from "../../bytes.ts";

/*
 * Where D and the chain keys come from (PROTOCOL section 4): one KDF over kernel randomness, this process'
 * own generator and the salts of the last replies. Copies of one VM whose kernels were cloned with their
 * entropy part as soon as an oracle has answered one of them with another salt. The pool is 64 plain bytes
 * in the machine's memory, so that a snapshot of a simulated process holds it.
 */

const POOL_BYTES = 64;
const KERNEL_BYTES = 32;
const SALT = utf8("ipse/v1/pool-salt");
const DRAW = utf8("ipse/v1/pool-draw");
const NEXT = utf8("ipse/v1/pool-next");

export type EntropyPool = Uint8Array;
export type Random = (count: number) => Uint8Array;

export function newPool(random: Random): EntropyPool {
  return random(POOL_BYTES);
}

/** Stirs an oracle's salt in. It cannot make the pool worse. */
export function stir(pool: EntropyPool, salt: Uint8Array): void {
  pool.set(hmac.create(sha512, pool).update(SALT).update(salt).digest());
}

/** `count` secret bytes from the pool and fresh kernel bytes; the pool moves on one way. */
export function draw(pool: EntropyPool, random: Random, count: number): Uint8Array {
  const kernel = random(KERNEL_BYTES);
  // HKDF (RFC 5869) of both; they share the extracted key.
  const key = extract(sha512, kernel, pool);
  const out = expand(sha512, key, DRAW, count);
  const next = expand(sha512, key, NEXT, POOL_BYTES);
  pool.set(next);
  zeroize(kernel, key, next);
  return out;
}
