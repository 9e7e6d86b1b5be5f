import type { Clock, Timers } from "@ipse/protocol/host";
import type { AssertionIdentity, AssertionSigner } from "./assertion.ts";
import { DpopKey, NonceCache, type ProofTarget } from "./dpop.ts";
import { EndpointHealth } from "./endpoint-health.ts";
import { discoverIssuer, type Issuer } from "./issuer.ts";
import { TokenCache } from "./token-cache.ts";
import { requestToken, type TokenGrant, type TokenWish } from "./token-request.ts";

export interface TokenQuery extends TokenWish {
  /** Another authorization server than our own. */
  readonly issuer?: string | undefined;
  readonly dpop: boolean;
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
}

const ATTEMPT_MS = 5000;
const OVERALL_MS = 25_000;
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
    const key = JSON.stringify([issuer, query.resource, query.scope ?? null, query.dpop]);
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
    const { identity, sign, clock, attemptMs = ATTEMPT_MS, overallMs = OVERALL_MS } = this.#options;
    const key = query.dpop ? await DpopKey.generate() : undefined;
    const memory = { nonces: this.#nonces, health: this.#health };
    const from = { identity: identity(), sign, clock, ...memory, attemptMs, overallMs };
    const grant = await requestToken(from, await this.#issuer(issuer), query, key);
    return { value: { grant, key }, lifetimeMs: grant.lifetimeMs };
  }
}
