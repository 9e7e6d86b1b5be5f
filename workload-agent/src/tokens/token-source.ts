import type { Clock, Timers } from "@ipse/protocol/host";
import type { AssertionIdentity, AssertionSigner } from "./assertion.ts";
import { DpopKey, NonceCache, type ProofTarget } from "./dpop.ts";
import { EndpointHealth } from "./endpoint-health.ts";
import { type Exchange, exchangeToken, subjectWish } from "./exchange.ts";
import { discoverIssuer, type Issuer } from "./issuer.ts";
import { TokenCache } from "./token-cache.ts";
import { requestToken, requestWhileStale, type TokenWish } from "./token-request.ts";
import type { TokenGrant } from "./token-response.ts";

export interface TokenQuery extends TokenWish {
  /** Another authorization server than our own. */
  readonly issuer?: string | undefined;
  readonly dpop: boolean;
  /** Exchange a token of our own issuer there; the result is what that service gives (RFC 8693). */
  readonly exchange?: Exchange | undefined;
}

/** A token in use, with the key it is bound to. */
export interface BoundToken {
  readonly grant: TokenGrant;
  readonly key: DpopKey | undefined;
}

export interface TokenAnswer extends BoundToken {
  readonly expiresInMs: number;
}

export interface TokenSourceOptions {
  readonly identity: () => AssertionIdentity;
  readonly sign: AssertionSigner;
  /** Our own issuer with every oracle's endpoint, the best one first. */
  readonly ownIssuer: () => Promise<Issuer>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly attemptMs?: number;
  readonly overallMs?: number;
  /** How long an outside server may go on with an old copy of our keys. */
  readonly staleMs?: number;
}

const ATTEMPT_MS = 5000;
const OVERALL_MS = 25_000;
const STALE_MS = 75_000;
const METADATA_LIFETIME_MS = 10 * 60 * 1000;

/** Access tokens for the workload: requested with threshold-signed assertions, bound to keys that stay in here. */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  readonly #nonces = new NonceCache();
  readonly #health: EndpointHealth;
  readonly #tokens: TokenCache<BoundToken>;
  readonly #issuers: TokenCache<Issuer>;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
    this.#health = new EndpointHealth(options.clock);
    this.#tokens = new TokenCache(options.clock, options.timers);
    this.#issuers = new TokenCache(options.clock, options.timers, 32);
  }

  /** A token that is good for a while: from the cache, or new. Throws what requestToken throws. */
  async get(query: TokenQuery): Promise<TokenAnswer> {
    const { clock, identity } = this.#options;
    const issuer = query.issuer ?? identity().issuer;
    const key = JSON.stringify([
      issuer,
      query.resource,
      query.scope ?? null,
      query.dpop,
      query.exchange ?? null,
    ]);
    const held = await this.#tokens.get(key, () => this.#fetch(issuer, query));
    return { ...held.value, expiresInMs: held.expiresMonotonicMs - clock.monotonicMs() };
  }

  /** A DPoP proof for one call to a resource; undefined for a bearer token. */
  proof(token: BoundToken, target: Omit<ProofTarget, "accessToken">): Promise<string> | undefined {
    const { accessToken } = token.grant;
    return token.key?.proof({ ...target, accessToken }, this.#options.clock.nowMs());
  }

  /** Forgets tokens, keys and nonces: the instance changed or ended. */
  clear(): void {
    this.#tokens.clear();
    this.#issuers.clear();
  }

  async #issuer(issuer: string): Promise<Issuer> {
    const { identity, ownIssuer, attemptMs = ATTEMPT_MS } = this.#options;
    if (issuer === identity().issuer) return ownIssuer();
    const fetch = async () => ({
      value: await discoverIssuer(issuer, attemptMs),
      lifetimeMs: METADATA_LIFETIME_MS,
    });
    return (await this.#issuers.get(issuer, fetch)).value;
  }

  async #fetch(issuer: string, query: TokenQuery) {
    const { exchange } = query;
    const bound =
      exchange === undefined ? await this.#request(issuer, query) : await this.#exchange(exchange, query);
    return { value: bound, lifetimeMs: bound.grant.lifetimeMs };
  }

  async #request(issuer: string, query: TokenQuery): Promise<BoundToken> {
    const { identity, sign, clock, timers } = this.#options;
    const { attemptMs = ATTEMPT_MS, overallMs = OVERALL_MS, staleMs = STALE_MS } = this.#options;
    const key = query.dpop ? await DpopKey.generate() : undefined;
    const memory = { nonces: this.#nonces, health: this.#health };
    const from = { identity: identity(), sign, clock, ...memory, attemptMs, overallMs };
    const at = await this.#issuer(issuer);
    if (issuer === from.identity.issuer) return { grant: await requestToken(from, at, query, key), key };
    const pause = (ms: number): Promise<void> =>
      new Promise((done) => {
        timers.after(ms, done);
      });
    return { grant: await requestWhileStale({ ...from, staleMs, pause }, at, query, key), key };
  }

  /** The token we bring is made for the service alone, used once and not kept. */
  async #exchange(exchange: Exchange, query: TokenQuery): Promise<BoundToken> {
    const { identity, attemptMs = ATTEMPT_MS } = this.#options;
    const wish = { ...subjectWish(exchange), dpop: false };
    const subject = await this.#request(identity().issuer, wish);
    return exchangeToken(exchange, subject.grant, query, attemptMs);
  }
}
