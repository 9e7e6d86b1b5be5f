import { utf8 } from "../bytes.ts";
import { type Hash, taggedHash } from "../encoding/index.ts";
import { IpseError } from "../errors.ts";
import { judgeRevocation, type TokenJudge, type TokenRevocation, tokenRevocation } from "../issuer/index.ts";
import { parseCompactJwt } from "../oauth/jwt.ts";
import { RateLimited } from "../oauth/oauth-error.ts";
import { ExpirySweep } from "./expiry-sweep.ts";
import type { OracleCore } from "./oracle-core.ts";
import { putOnce, table } from "./table.ts";
import { TokenBucket } from "./token-bucket.ts";
import { REPEATED, RevocationRepeats } from "./token-revocation-repeats.ts";

const revoked = table("token-revoked", tokenRevocation);
/** Tokens that the clients of one oracle may end together. */
const OWN = { perSecond: 20, burst: 1_200 };
/** News that is taken of one peer: twice what a correct one sends. */
const TAKEN = {
  perSecond: 2 * (OWN.perSecond + REPEATED.perSecond),
  burst: 2 * (OWN.burst + REPEATED.burst),
};

function keyOf(spiffeId: string, jti: string): Hash {
  return taggedHash("ipse/v1/token-revoked", utf8(JSON.stringify([spiffeId, jti])));
}

/**
 * Tokens their clients ended early. Each oracle verifies the client's word by itself; it is passed on at once, and
 * again to every peer that connects, until the token has expired anyway. Whoever makes more of them than the bounds
 * allow is refused; no row that is kept is given up for another one.
 */
export class TokenRevocations {
  readonly #core: OracleCore;
  readonly #judge: () => TokenJudge;
  readonly #sweep: ExpirySweep<TokenRevocation>;
  readonly #repeats: RevocationRepeats;
  readonly #own: TokenBucket;
  readonly #taken = new Map<number, TokenBucket>();

  constructor(core: OracleCore, judge: () => TokenJudge) {
    this.#core = core;
    this.#judge = judge;
    this.#sweep = new ExpirySweep(core, revoked, ({ expMs }) => expMs);
    this.#repeats = new RevocationRepeats(core, revoked);
    this.#own = this.#bucket(OWN);
  }

  #bucket({ perSecond, burst }: typeof OWN): TokenBucket {
    const { clock } = this.#core.options;
    return new TokenBucket(perSecond, burst, () => clock.monotonicMs());
  }

  start(): void {
    this.#sweep.start();
  }

  stop(): void {
    this.#sweep.stop();
    this.#repeats.stop();
  }

  has(spiffeId: string, jti: string): boolean {
    return this.#core.view.get(revoked, keyOf(spiffeId, jti)) !== undefined;
  }

  /**
   * The client's own word, whose assertion must not have expired; durable before `done`. Throws OAuthError, and
   * RateLimited when the clients of this oracle end too many: then nothing is kept.
   */
  add(revocation: TokenRevocation, done: () => void): void {
    const key = this.#judged(revocation, true);
    if (key === undefined) return this.#core.view.afterPending(done);
    if (!this.#own.take()) throw new RateLimited();
    this.#keep(key, revocation, () => {
      for (const peer of this.#peers()) this.#repeats.first(peer, revocation);
      done();
    });
  }

  /** What a peer passes on. More news than a correct one has is dropped before anything is verified. */
  onPeer(from: number, revocation: TokenRevocation): void {
    try {
      if (this.#isHeld(revocation)) return;
      const bucket = this.#taken.get(from) ?? this.#bucket(TAKEN);
      this.#taken.set(from, bucket);
      if (!bucket.take()) return this.#core.count("token_revocations_dropped_total");
      const key = this.#judged(revocation, false);
      if (key === undefined) return;
      this.#keep(key, revocation, () => {
        for (const peer of this.#peers()) if (peer !== from) this.#repeats.again(peer, revocation);
      });
    } catch (error) {
      if (!(error instanceof IpseError)) throw error;
      this.#core.count("token_revocations_refused_total");
    }
  }

  onPeerUp(oracle: number): void {
    this.#repeats.all(oracle);
  }

  onPeerDown(oracle: number): void {
    this.#repeats.end(oracle);
  }

  #peers(): readonly number[] {
    const { newest, options } = this.#core;
    return newest.oracles.map(({ id }) => id).filter((id) => id !== options.oracle);
  }

  /** By what the assertion claims: whose it is was verified when the row was made. */
  #isHeld({ assertion, jti }: TokenRevocation): boolean {
    const { iss } = parseCompactJwt(assertion).claims;
    return typeof iss === "string" && this.has(iss, jti);
  }

  /** The key of a row to make; undefined where there is none to make. Throws OAuthError. */
  #judged({ assertion, jti, expMs }: TokenRevocation, fresh: boolean): Hash | undefined {
    const { view, options } = this.#core;
    const { spiffeId, tokensEndMs } = judgeRevocation(this.#judge(), assertion, fresh);
    // What has expired needs no note; what ends later than any token the client had by then is not what it meant.
    if (expMs <= options.clock.nowMs() || expMs > tokensEndMs) return undefined;
    const key = keyOf(spiffeId, jti);
    return view.get(revoked, key) === undefined ? key : undefined;
  }

  #keep(key: Hash, revocation: TokenRevocation, done: () => void): void {
    this.#core.view.submit([putOnce(revoked, key, revocation)], () => {
      this.#core.count("tokens_revoked_total");
      done();
    });
  }
}
