import { isIPv6 } from "node:net";
import { TokenBucket } from "@ipse/protocol/host";
import { RateLimited } from "@ipse/protocol/oauth";
import { systemClock } from "../ports/system.ts";

const KEYS_MAX = 10_000;
const BURST = 5;

/** One token bucket per key, for the keys seen last. */
export class KeyedLimiter {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #perSecond: number;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  take(key: string): boolean {
    const bucket =
      this.#buckets.get(key) ??
      new TokenBucket(this.#perSecond, this.#perSecond * BURST, systemClock.monotonicMs);
    // Re-inserting keeps the map in order of use, so that the first key is the one to forget.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > KEYS_MAX) this.#buckets.delete(this.#buckets.keys().next().value ?? "");
    return bucket.take();
  }
}

/** What counts as one address: an IPv4 address, or the /64 of an IPv6 one, since whoever has one has all of it. */
export function addressKey(ip: string): string {
  if (!isIPv6(ip) || ip.startsWith("::ffff:")) return ip;
  const [head = "", tail] = ip.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(Math.max(0, zeros)).fill("0"), ...after].slice(0, 4).join(":");
}

/** Throws RateLimited. */
export function limit(limiter: KeyedLimiter, key: string): void {
  if (!limiter.take(key)) throw new RateLimited();
}
