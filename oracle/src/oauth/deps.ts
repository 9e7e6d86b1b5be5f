import type { DpopNonceApi, OracleEventApi, OracleTokenApi } from "@ipse/protocol/host";
import type { TokenRevocation } from "@ipse/protocol/issuer";
import type { AccessTokenClaims, JwsVerifier, PublicJwk } from "@ipse/protocol/oauth";
import type { Resource, Workload } from "@ipse/protocol/registry";
import type { InstanceStatus } from "@ipse/protocol/session";
import type { EventTokens } from "./event-tokens.ts";

/** An instance as the OAuth routes need it, as this oracle knows it now. */
export interface OAuthInstance {
  readonly instance: Uint8Array;
  readonly spiffeId: string;
  /** The threshold key PK, an ordinary Ed25519 public key. */
  readonly identityKey: Uint8Array;
  readonly status: InstanceStatus;
}

/** Makes access tokens of claims, with a key of this oracle. */
export interface TokenSigner {
  /** Throws OAuthError server_error where no oracle signs alone. */
  sign(claims: AccessTokenClaims): string;
}

/** Sustained requests per second; bursts of five times that pass. */
export interface OAuthRates {
  readonly perAddress: number;
  readonly perClient: number;
}

/** Everything the OAuth routes depend on; they keep no state of their own but nonces and rate limits. */
export interface OAuthDeps {
  /** The cluster's issuer URL: `iss` of tokens, the only `aud` of assertions. */
  readonly issuer: string;
  /** Base URLs under which clients reach this oracle; the issuer is always one. DPoP `htu` accepts each. */
  readonly declaredUrls: readonly string[];
  readonly verifier: JwsVerifier;
  /** Signs alone (mode `local`); not used where `tokens` is. */
  readonly signer: TokenSigner;
  /** Threshold issuance, where the cluster has it. */
  readonly tokens?: OracleTokenApi | undefined;
  /** Security events to deliver, where the cluster can sign them. */
  readonly events?: OracleEventApi;
  readonly eventTokens?: EventTokens;
  /** Nonces every oracle takes; absent: this process takes its own alone. */
  readonly dpopNonces?: DpopNonceApi;
  readonly rates?: OAuthRates;
  nowMs(): number;
  /** The keys that verify this cluster's tokens: every oracle's, with `kid`, `alg` and `use`. */
  jwks(): readonly PublicJwk[];
  /**
   * Durably marks a key as used, until `untilMs`. True for the first use only.
   * Must resolve only once the mark would survive a power cut (SPEC section 7, P3).
   */
  burnJti(key: Uint8Array, untilMs: number): Promise<boolean>;
  /** By the RFC 7638 thumbprint of the identity key. */
  instanceByKid(kid: Uint8Array): OAuthInstance | undefined;
  instancesOf(spiffeId: string, limit: number): Promise<readonly OAuthInstance[]>;
  statusOf(instance: Uint8Array): InstanceStatus | undefined;
  /** Throws OAuthError temporarily_unavailable while what this oracle knows of instances may be old. */
  requireCurrent(): void;
  /** Ends a token early (RFC 7009), durably and at every oracle. Rejects with an OAuthError. */
  revokeToken(revocation: TokenRevocation): Promise<void>;
  tokenRevoked(spiffeId: string, jti: string): boolean;
  workload(spiffeId: string): Workload | undefined;
  resource(url: string): Resource | undefined;
}
