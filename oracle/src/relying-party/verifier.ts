import { IpseError } from "@ipse/protocol";
import type { AccessTokenClaims, JwsVerifier } from "@ipse/protocol/oauth";
import {
  checkScheme,
  checkTokenNow,
  type Presented,
  permit,
  presentedToken,
  type RelyingParty,
  ResourceError,
  readRevokedEvent,
  verifyAccessToken,
  verifyRequestProof,
} from "@ipse/protocol/verifier";
import type { AgreedIntrospection } from "./agreed-introspection.ts";
import type { DenyList } from "./deny-list.ts";
import type { KeySource } from "./key-source.ts";
import { ReplayMemory } from "./replay-memory.ts";

const VERIFIED_MAX = 10_000;

export interface VerifierOptions {
  readonly issuer: string;
  readonly resource: string;
  readonly bearer: boolean;
  readonly source: KeySource;
  readonly verifier: JwsVerifier;
  readonly denyList: DenyList;
  readonly introspection?: AgreedIntrospection | undefined;
  readonly nonces?: { current(): string; accepts(nonce: string): boolean } | undefined;
}

/** One HTTP request as far as its token is concerned. */
export interface Asked {
  readonly method: string;
  readonly urls: readonly string[];
  readonly authorization: string | undefined;
  readonly proof: string | string[] | undefined;
}

/** A token whose signature was good under a key of this set. */
interface Verified {
  readonly claims: AccessTokenClaims;
  readonly keys: RelyingParty["keys"];
}

/** A resource's verifier: keys and tokens verified before are kept, proofs seen before are refused. */
export class ResourceVerifier {
  readonly #options: VerifierOptions;
  readonly #replays = new ReplayMemory();
  readonly #denied = (instance: string): boolean => this.#options.denyList.has(instance);
  readonly #verified = new Map<string, Verified>();

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  async #party(fresh = false): Promise<RelyingParty> {
    const { issuer, resource: audience, source } = this.#options;
    const { group, verifyEs256 } = this.#options.verifier;
    try {
      const keys = await (fresh ? source.again() : source.keys());
      return { group, verifyEs256, issuer, audience, keys, nowMs: Date.now(), denied: this.#denied };
    } catch (error) {
      if (!(error instanceof IpseError)) throw error;
      throw new ResourceError("invalid_token", `the issuer's keys cannot be had: ${error.message}`, error);
    }
  }

  /** Verifies a request's token and proof, then asks for its status where that is wanted. Rejects with a ResourceError. */
  async verify(asked: Asked): Promise<AccessTokenClaims> {
    const presented = presentedToken(asked.authorization);
    const claims = await this.#verifyOffline(presented, asked);
    await this.#checkStatus(presented.token);
    return claims;
  }

  async #checkStatus(token: string): Promise<void> {
    const { introspection } = this.#options;
    if (introspection === undefined) return;
    const active = await introspection.active(token).catch((error: unknown) => {
      if (!(error instanceof IpseError)) throw error;
      throw new ResourceError("invalid_token", `the token's status is unknown: ${error.message}`, error);
    });
    permit(active, "invalid_token", "the oracles say that the token is not active");
  }

  async #verifyOffline(presented: Presented, asked: Asked): Promise<AccessTokenClaims> {
    const party = await this.#party();
    const claims = await this.#claims(party, presented.token);
    const jkt = checkScheme(presented, claims, this.#options.bearer);
    if (jkt === undefined) return claims;
    const { method, urls, proof } = asked;
    permit(typeof proof === "string", "invalid_dpop_proof", "one DPoP proof is needed");
    const { nonces } = this.#options;
    verifyRequestProof(party, jkt, proof, {
      method,
      urls,
      accessToken: presented.token,
      ...(nonces === undefined ? {} : { acceptNonce: (nonce: string) => nonces.accepts(nonce) }),
      remember: (name, untilMs) => this.#replays.remember(name, untilMs, party.nowMs),
    });
    return claims;
  }

  /** A token's signature is verified once for each key set, since a key may be withdrawn; what changes meanwhile, each time. */
  async #claims(party: RelyingParty, token: string): Promise<AccessTokenClaims> {
    const known = this.#verified.get(token);
    if (known?.keys === party.keys) {
      checkTokenNow(party, known.claims);
      return known.claims;
    }
    this.#verified.delete(token);
    const verified = await this.#first(party, token);
    this.#verified.set(token, verified);
    const [oldest] = this.#verified.keys();
    if (this.#verified.size > VERIFIED_MAX && oldest !== undefined) this.#verified.delete(oldest);
    return verified.claims;
  }

  async #first(party: RelyingParty, token: string): Promise<Verified> {
    const { keys } = party;
    try {
      return { claims: verifyAccessToken(party, token), keys };
    } catch (error) {
      const stale = error instanceof ResourceError && error.message.startsWith("kid names no key");
      if (!stale) throw error;
      const fresh = await this.#party(true);
      return { claims: verifyAccessToken(fresh, token), keys: fresh.keys };
    }
  }

  /** Takes in a Security Event Token: tokens of its instance are refused from now on. Returns its jti. Rejects with IpseError. */
  async takeEvent(text: string): Promise<string> {
    const { issuer, resource, source, verifier, denyList } = this.#options;
    const reader = { ...verifier, issuer, nowMs: Date.now() };
    const read = async (keys: Promise<RelyingParty["keys"]>) =>
      readRevokedEvent({ ...reader, keys: await keys }, resource, text);
    const event = await read(source.keys()).catch((error: unknown) => {
      if (error instanceof IpseError && error.code === "ERR_DOCUMENT_KEY") return read(source.again());
      throw error;
    });
    denyList.add(event.instance);
    return event.jti;
  }
}
