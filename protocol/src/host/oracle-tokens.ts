import {
  compactJws,
  type IssuerKey,
  proposeTerms,
  revokedJti,
  SIGNED_JWKS_SECONDS,
  type SignableTokenRequest,
} from "../issuer/index.ts";
import { GOSSIP_INTERVAL_MS } from "../limits.ts";
import { OAuthError } from "../oauth/oauth-error.ts";
import type { PublicJwk } from "../oauth/thumbprint.ts";
import { policySerialOf } from "../registry/registry.ts";
import type { CosignMessage } from "../wire/cosign.ts";
import { Coordinator } from "./coordinator.ts";
import { CosignJudge } from "./cosign-judge.ts";
import { Cosigner } from "./cosigner.ts";
import type { DpopNonceBook } from "./dpop-nonces.ts";
import { ExpirySweep } from "./expiry-sweep.ts";
import type { HeldIssuerKey, IssuerKeyring } from "./issuer-keyring.ts";
import { type TokenBurn, tokenBurns } from "./issuer-records.ts";
import type { IssuedToken, OracleTokenApi } from "./oracle-api.ts";
import type { OracleCore } from "./oracle-core.ts";
import { TokenBucket } from "./token-bucket.ts";

/** A signed JWKS is renewed at a fifth of its life. */
const JWKS_RENEW_MS = (SIGNED_JWKS_SECONDS * 1000) / 5;
const JWKS_RETRY_MS = 2_000;
/**
 * Proposals of one peer that are judged in a second, and requests for shares: several times what a busy coordinator
 * makes. Shares are asked for in bursts as well, but never of more slots than are open.
 */
const ASKED = {
  propose: { perSecond: 1_000, burst: 1_000 },
  sign: { perSecond: 1_000, burst: 2_000 },
} as const;

/**
 * Tokens, key sets and events that q oracles sign together (SPEC section 10): this oracle's part in others'
 * signatures, and the signatures it coordinates.
 */
export class OracleTokens implements OracleTokenApi {
  readonly #core: OracleCore;
  readonly #keyring: IssuerKeyring;
  readonly #judge: CosignJudge;
  readonly #cosigner: Cosigner;
  readonly #coordinator: Coordinator;
  readonly #sweep: ExpirySweep<TokenBurn>;
  readonly #asked = new Map<string, TokenBucket>();
  #cancels: (() => void)[] = [];
  #signed:
    | { readonly jwt: string; readonly keys: string; readonly renewMs: number; readonly untilMs: number }
    | undefined;
  #jwksMs = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(core: OracleCore, keyring: IssuerKeyring, nonces: DpopNonceBook, requireCurrent: () => void) {
    this.#core = core;
    this.#keyring = keyring;
    this.#sweep = new ExpirySweep(core, tokenBurns, ({ untilMs }) => untilMs);
    this.#judge = new CosignJudge(core, keyring, nonces);
    this.#cosigner = new Cosigner(core, keyring, this.#judge, requireCurrent);
    const me = core.options.oracle;
    const ownCommitment = (attempt: Uint8Array, slotId: Uint8Array) =>
      this.#cosigner.nonces.peek(me, attempt, slotId)?.nonces.commitment;
    this.#coordinator = new Coordinator(core, ownCommitment, (oracle, attempt, message) => {
      if (oracle !== me) return core.options.peers.send(oracle, { kind: "cosign", attempt, message });
      this.#cosign(oracle, attempt, message, (answer) => this.#coordinator.onAnswer(oracle, attempt, answer));
      return true;
    });
  }

  start(): void {
    const every = (ms: number, run: () => void): void => {
      const cancel = this.#core.options.timers.after(ms, () => {
        this.#cancels = this.#cancels.filter((one) => one !== cancel);
        if (this.#stopped) return;
        run();
        every(ms, run);
      });
      this.#cancels.push(cancel);
    };
    every(GOSSIP_INTERVAL_MS, () => this.#tick());
    this.#sweep.start();
  }

  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#cancels) cancel();
    this.#sweep.stop();
    this.#cosigner.nonces.drop(() => true);
  }

  onPeerUp(oracle: number): void {
    this.#coordinator.onPeerUp(oracle);
  }

  onPeerDown(oracle: number): void {
    this.#cosigner.nonces.drop((slot) => slot.coordinator === oracle);
    this.#coordinator.onPeerDown(oracle);
  }

  onCosign(from: number, attempt: Uint8Array, message: CosignMessage): void {
    if (this.#stopped || this.#core.broken !== undefined) return;
    const { peers } = this.#core.options;
    if (message.kind !== "propose" && message.kind !== "sign")
      return this.#coordinator.onAnswer(from, attempt, message);
    if (!this.#affords(from, message.kind)) return this.#core.count("cosign_dropped_total");
    this.#cosign(from, attempt, message, (answer) => {
      peers.send(from, { kind: "cosign", attempt, message: answer });
    });
  }

  /** Whether a peer may make this oracle work once more. */
  #affords(from: number, kind: keyof typeof ASKED): boolean {
    const name = `${kind} ${from}`;
    const { perSecond, burst } = ASKED[kind];
    const { clock } = this.#core.options;
    const bucket = this.#asked.get(name) ?? new TokenBucket(perSecond, burst, () => clock.monotonicMs());
    this.#asked.set(name, bucket);
    return bucket.take();
  }

  #cosign(
    coordinator: number,
    attempt: Uint8Array,
    message: CosignMessage,
    reply: (message: CosignMessage) => void,
  ): void {
    if (message.kind === "propose") this.#cosigner.propose(coordinator, attempt, message, reply);
    else if (message.kind === "sign") this.#cosigner.sign(coordinator, attempt, message, reply);
  }

  #activeKey(): HeldIssuerKey {
    const key = this.#keyring.active;
    if (key === undefined) throw new OAuthError("temporarily_unavailable", "there is no issuer key yet");
    return key;
  }

  issueToken(
    request: SignableTokenRequest,
    admit: (spiffeId: string) => void,
    done: (result: IssuedToken | OAuthError) => void,
  ): void {
    try {
      this.#issue(request, admit, done);
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      done(error);
    }
  }

  #issue(
    request: SignableTokenRequest,
    admit: (spiffeId: string) => void,
    done: (result: IssuedToken | OAuthError) => void,
  ): void {
    const key = this.#activeKey();
    const { newest, options, view } = this.#core;
    const judged = this.#judge.request(request);
    const { spiffeId } = judged.instance;
    admit(spiffeId);
    const now = { iat: Math.floor(options.clock.nowMs() / 1000), policy: policySerialOf(view, spiffeId) };
    const terms = proposeTerms(newest.issuer, judged, request, now);
    const subject = { kind: "token", request, terms } as const;
    const { input } = this.#judge.propose(key, subject);
    this.#coordinator.sign({ key, subject, input }, (result) => {
      if (result instanceof OAuthError) return done(result);
      this.#core.count("tokens_issued_total");
      const { scope, ttlSeconds: expiresIn } = terms;
      const tokenType = judged.jkt === undefined ? "Bearer" : "DPoP";
      done({ accessToken: compactJws(input, result), tokenType, expiresIn, scope });
    });
  }

  /** A Security Event Token for one receiver: the instance is revoked. */
  signRevoked(
    instance: Uint8Array,
    audience: string,
    done: (result: { readonly jti: string; readonly token: string } | OAuthError) => void,
  ): void {
    try {
      const key = this.#activeKey();
      const iat = Math.floor(this.#core.options.clock.nowMs() / 1000);
      const subject = { kind: "revoked", iat, audience, instance } as const;
      const { input } = this.#judge.propose(key, subject);
      this.#coordinator.sign({ key, subject, input }, (result) => {
        if (result instanceof OAuthError) done(result);
        else done({ jti: revokedJti(instance, audience), token: compactJws(input, result) });
      });
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      done(error);
    }
  }

  jwks(): readonly PublicJwk[] {
    return this.#keyring.published().map(({ jwk }) => jwk);
  }

  issuerKeys(): readonly IssuerKey[] {
    return this.#keyring.published().map(({ issuerKey }) => issuerKey);
  }

  signedJwks(): string | undefined {
    const signed = this.#signed;
    return signed !== undefined && signed.untilMs > this.#core.options.clock.nowMs() ? signed.jwt : undefined;
  }

  get ready(): boolean {
    return this.#keyring.active !== undefined;
  }

  metrics(): Readonly<Record<string, number>> {
    return { cosign_slots: this.#cosigner.nonces.size, cosign_attempts: this.#coordinator.size };
  }

  #tick(): void {
    this.#cosigner.nonces.expire();
    const { clock } = this.#core.options;
    const keys = this.#keyring.published().map(({ kid }) => kid);
    const fresh = this.#signed?.keys === keys.join() && clock.monotonicMs() < this.#signed.renewMs;
    const able = this.#coordinator.connected >= this.#core.newest.quorum - 1 && keys.length > 0;
    if (fresh || !able || this.#core.fenced || clock.monotonicMs() < this.#jwksMs) return;
    this.#jwksMs = clock.monotonicMs() + JWKS_RETRY_MS;
    this.#signJwks(keys.join());
  }

  #signJwks(keys: string): void {
    const { clock } = this.#core.options;
    const iat = Math.floor(clock.nowMs() / 1000);
    const exp = iat + SIGNED_JWKS_SECONDS;
    try {
      const key = this.#activeKey();
      const ids = this.#keyring.published().map(({ id }) => id);
      const subject = { kind: "jwks", iat, exp, keys: ids } as const;
      const { input } = this.#judge.propose(key, subject);
      this.#coordinator.sign({ key, subject, input }, (result) => {
        if (result instanceof OAuthError) return;
        const renewMs = clock.monotonicMs() + JWKS_RENEW_MS;
        this.#signed = { jwt: compactJws(input, result), keys, renewMs, untilMs: exp * 1000 };
      });
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
    }
  }
}
