import { utf8, zeroize } from "../../bytes.ts";
import { hashes } from "../../encoding/index.ts";

/*
 * Where D and the chain keys come from (SPEC section 6): one KDF over kernel randomness, this process'
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
  pool.set(hashes().hmacSha512(pool, SALT, salt));
}

/** HKDF-Expand of RFC 5869 section 2.3 with HMAC-SHA-512. */
function expand(key: Uint8Array, info: Uint8Array, count: number): Uint8Array {
  const out = new Uint8Array(count);
  let block: Uint8Array = new Uint8Array();
  for (let at = 0, i = 1; at < count; at += block.length, i++) {
    const next = hashes().hmacSha512(key, block, info, Uint8Array.of(i));
    zeroize(block);
    block = next;
    out.set(block.subarray(0, count - at), at);
  }
  zeroize(block);
  return out;
}

/** `count` secret bytes (at most 16,320) from the pool and fresh kernel bytes; the pool moves on one way. */
export function draw(pool: EntropyPool, random: Random, count: number): Uint8Array {
  const kernel = random(KERNEL_BYTES);
  // HKDF (RFC 5869) of both, salted with the pool; the two expansions share the extracted key.
  const key = hashes().hmacSha512(pool, kernel);
  const out = expand(key, DRAW, count);
  const next = expand(key, NEXT, POOL_BYTES);
  pool.set(next);
  zeroize(kernel, key, next);
  return out;
}
