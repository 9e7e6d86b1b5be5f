import { equalBytes } from "../bytes.ts";
import {
  agreedClaims,
  type Burn,
  type CosignSubject,
  checkStillGranted,
  type JudgedRequest,
  judgeRequest,
  jwsInput,
  revokedClaims,
  SECEVENT_TYP,
  SIGNED_JWKS_SECONDS,
  SIGNED_JWKS_TYP,
  type SignableTokenRequest,
  signedJwksClaims,
  type TokenJudge,
  tokenInput,
} from "../issuer/index.ts";
import { allow } from "../oauth/oauth-error.ts";
import { TOLERANCES } from "../policy/tolerances.ts";
import { workloadOf } from "../registry/registry.ts";
import { records } from "../session/oracle/index.ts";
import type { DpopNonceBook } from "./dpop-nonces.ts";
import type { HeldIssuerKey, IssuerKeyring } from "./issuer-keyring.ts";
import type { OracleCore } from "./oracle-core.ts";
import { tokenJudge } from "./token-judge.ts";

/** A subject this oracle is ready to sign, once what it uses up is burnt. */
export interface Judged {
  /** The bytes to sign; computed here, never received. */
  readonly input: Uint8Array;
  readonly burns: readonly Burn[];
  /** Reads status and policy again, at the moment of signing. Throws OAuthError. */
  recheck(): void;
}

/** What one oracle thinks of what it is asked to sign, by its own registry, store and clock alone. */
export class CosignJudge {
  readonly #core: OracleCore;
  readonly #keyring: IssuerKeyring;
  readonly #tokenJudge: TokenJudge;
  /** By the object itself: what comes from a peer is never the same one. */
  readonly #judged = new WeakMap<SignableTokenRequest, JudgedRequest>();
  /** What this oracle proposes itself, likewise. */
  readonly #own = new WeakMap<CosignSubject, { readonly key: HeldIssuerKey; readonly judged: Judged }>();

  constructor(core: OracleCore, keyring: IssuerKeyring, nonces: DpopNonceBook) {
    this.#core = core;
    this.#keyring = keyring;
    this.#tokenJudge = tokenJudge(core, nonces);
  }

  /** Judges a request of a client of ours. Its parts come here again as one of the signers, and are not verified twice. */
  request(request: SignableTokenRequest): JudgedRequest {
    const judged = judgeRequest(this.#tokenJudge, request);
    this.#judged.set(request, judged);
    return judged;
  }

  /** Judges what this oracle is about to propose; it comes here again as one of the signers. Throws OAuthError. */
  propose(key: HeldIssuerKey, subject: CosignSubject): Judged {
    const judged = this.judge(key, subject);
    this.#own.set(subject, { key, judged });
    return judged;
  }

  /** Throws OAuthError when this oracle will not sign it. */
  judge(key: HeldIssuerKey, subject: CosignSubject): Judged {
    const own = this.#own.get(subject);
    if (own?.key === key) return own.judged;
    switch (subject.kind) {
      case "token":
        return this.#token(key, subject);
      case "jwks":
        return this.#jwks(key, subject);
      case "revoked":
        return this.#revoked(key, subject);
    }
  }

  #token(key: HeldIssuerKey, { request, terms }: Extract<CosignSubject, { kind: "token" }>): Judged {
    const judged = this.#judged.get(request) ?? judgeRequest(this.#tokenJudge, request);
    const claims = agreedClaims(this.#tokenJudge, judged, request, terms);
    const { instance, spiffeId } = judged.instance;
    const { view } = this.#core;
    const recheck = (): void => {
      const active = view.get(records.instances, instance)?.status === "active" && !this.#core.fenced;
      checkStillGranted(claims, { active, workload: workloadOf(view, spiffeId) });
    };
    return { input: tokenInput(key.kid, claims), burns: judged.burns, recheck };
  }

  #checkTime(iat: number): void {
    const apartMs = Math.abs(iat * 1000 - this.#core.options.clock.nowMs());
    allow(apartMs <= TOLERANCES.tokenIatMs + 1000, "server_error", "iat is not this oracle's time");
  }

  #jwks(key: HeldIssuerKey, terms: Extract<CosignSubject, { kind: "jwks" }>): Judged {
    this.#checkTime(terms.iat);
    const lives = terms.exp > terms.iat && terms.exp - terms.iat <= SIGNED_JWKS_SECONDS;
    allow(lives, "server_error", "the key set would hold for too long");
    const listed = this.#keyring.listable(terms.keys);
    allow(listed !== undefined, "server_error", "these are not the cluster's issuer keys");
    const { issuer } = this.#core.newest;
    const jwks = listed.map(({ jwk }) => jwk);
    const input = jwsInput(SIGNED_JWKS_TYP, key.kid, signedJwksClaims(issuer, terms, jwks));
    return { input, burns: [], recheck: () => undefined };
  }

  #revoked(key: HeldIssuerKey, terms: Extract<CosignSubject, { kind: "revoked" }>): Judged {
    this.#checkTime(terms.iat);
    const { view, newest } = this.#core;
    const record = view.get(records.instances, terms.instance);
    const over = record?.status === "revoked" || record?.status === "ended";
    allow(record !== undefined && over, "server_error", "the instance is not revoked here");
    const { spiffeId, instance } = record.constants;
    const same = equalBytes(instance, terms.instance);
    allow(same, "server_error", "another instance");
    const claims = revokedClaims(newest.issuer, spiffeId, terms);
    return { input: jwsInput(SECEVENT_TYP, key.kid, claims), burns: [], recheck: () => undefined };
  }
}
