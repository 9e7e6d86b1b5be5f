import type { Hash } from "../encoding/index.ts";
import type { Group } from "../group/group.ts";
import type { IssuerKey, IssuerTimes, SignableTokenRequest, TokenRevocation } from "../issuer/index.ts";
import type { OAuthError } from "../oauth/oauth-error.ts";
import type { PublicJwk } from "../oauth/thumbprint.ts";
import type { VerifyEs256 } from "../oauth/verify-jws.ts";
import type { SignedRoster } from "../registry/roster.ts";
import type { Endpoint, Resource, SignedStatement, Workload } from "../registry/statement.ts";
import type { CertifiedHeader } from "../session/certified.ts";
import type { Enrollment } from "../session/enroll.ts";
import type { Equivocation, ForkEvidence } from "../session/evidence.ts";
import type { InstanceStatus } from "../session/status.ts";
import type { PeerMessage } from "../wire/peer.ts";
import type { AgentMessage, OracleHello, OracleMessage } from "../wire/session.ts";
import type { PendingEvent } from "./oracle-events.ts";
import type { Clock, Entropy, EventSink, Store, Timers } from "./ports.ts";

/** Links to the other oracles; authenticated by the edge before anything passes. */
export interface PeerLinks {
  /** Queues a message; false when the peer is not connected or its queue is full. */
  send(oracle: number, message: PeerMessage): boolean;
}

export interface OracleOptions {
  readonly group: Group;
  readonly oracle: number;
  /** Seed of the vote key (32 bytes). */
  readonly voteSeed: Uint8Array;
  /** Every roster this oracle serves, oldest first; the last one is the newest. */
  readonly rosters: readonly SignedRoster[];
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly timers: Timers;
  readonly store: Store;
  readonly peers: PeerLinks;
  readonly events: EventSink;
  /** Keys each oracle should own in the pool (default 16). */
  readonly poolKeysPerOracle?: number;
  /** Issue tokens together with the other oracles; absent: no issuer keys, no part in any. The same at all oracles. */
  readonly issuer?: IssuerOptions;
}

export interface IssuerOptions {
  readonly times?: Partial<IssuerTimes>;
  /** ES256 as the platform does it; the default is portable and slow. */
  readonly verifyEs256?: VerifyEs256;
}

/** A token q oracles signed (RFC 6749 section 5.1). */
export interface IssuedToken {
  readonly accessToken: string;
  readonly tokenType: "DPoP" | "Bearer";
  readonly expiresIn: number;
  readonly scope: string | undefined;
}

/** Security events this oracle has to deliver, durable until they are acknowledged. */
export interface OracleEventApi {
  pending(limit: number, audience?: string): PendingEvent[];
  /** undefined: the receiver polls. */
  pushUrl(audience: string): string | undefined;
  acknowledge(audience: string, jtis: readonly string[], done: () => void): void;
}

/** What an oracle's edge asks of threshold issuance. */
export interface OracleTokenApi {
  /**
   * Judges a request here, then has q oracles judge and sign it. `admit` is told who asks once that is proven,
   * and may throw an OAuthError. `done` is called once.
   */
  issueToken(
    request: SignableTokenRequest,
    admit: (spiffeId: string) => void,
    done: (result: IssuedToken | OAuthError) => void,
  ): void;
  /** A Security Event Token (RFC 8417) for one receiver: this instance's session is revoked. */
  signRevoked(
    instance: Hash,
    audience: string,
    done: (result: { readonly jti: string; readonly token: string } | OAuthError) => void,
  ): void;
  /** Keys under which tokens verify now or soon, the active one first. */
  jwks(): readonly PublicJwk[];
  /** The same keys with the certificates of all oracles. */
  issuerKeys(): readonly IssuerKey[];
  /** The key set under the active key; undefined while q oracles have not signed one of late. */
  signedJwks(): string | undefined;
}

/** Nonces for DPoP proofs (RFC 9449 section 8) that every oracle of the cluster takes. */
export interface DpopNonceApi {
  current(): string;
  accepts(nonce: string): boolean;
}

/** An agent's STEP after the edge opened the sealed delta (undefined: none, or it did not open). */
export type OpenedAgentMessage =
  | Exclude<AgentMessage, { kind: "step" } | { kind: "hello" }>
  | (Omit<Extract<AgentMessage, { kind: "step" }>, "sealedDelta"> & {
      readonly delta: Uint8Array | undefined;
    });

export interface InstanceSummary {
  readonly instance: Hash;
  readonly spiffeId: string;
  readonly status: InstanceStatus;
  readonly release: number;
  /** Seq of the certified head; undefined while the ENROLL is not certified here. */
  readonly headSeq: number | undefined;
  readonly shareVersion: number | undefined;
  readonly identityKey: Uint8Array;
  readonly reason: string | undefined;
}

/** Why an oracle is not ready, by part; empty means ready. */
export type ReadyReasons = Readonly<
  Partial<Record<"quorum" | "store" | "clock" | "pool" | "roster", string>>
>;

/** The oracle as its edge sees it: session, peers, registry, reads. Everything returns at once; what must be durable first answers through `reply`. */
export interface OracleNode {
  readonly oracle: number;
  /** 16 random bytes, new at every start. */
  readonly bootId: Uint8Array;
  start(): void;
  /** Refuses new work, finishes what is being written, then calls `done`. */
  stop(done: () => void): void;

  /** Signs the HELLO of a session connection. */
  signHello(hello: OracleHello): Uint8Array;
  /** Signs a peer proof (wire/peer.ts peerProofInput). */
  signPeerProof(input: Uint8Array): Uint8Array;
  /** Handles one message of an agent; `reply` is called exactly once, possibly later. */
  onAgentMessage(message: OpenedAgentMessage, reply: (message: OracleMessage) => void): void;

  onPeerUp(oracle: number): void;
  onPeerDown(oracle: number): void;
  onPeerMessage(oracle: number, message: PeerMessage): void;

  /** Verifies, stores durably and gossips an operator's statement; `done` gets undefined or the error. */
  submitStatement(statement: SignedStatement, done: (error: Error | undefined) => void): void;
  /** Durable, atomic: false when the key was there already (jti burns). Kept until `untilMs`. */
  burn(key: Uint8Array, untilMs: number, done: (fresh: boolean) => void): void;

  /** Finds up to `limit` instances with ids greater than `after`, in order. */
  instances(limit: number, after: Hash | undefined, done: (found: InstanceSummary[]) => void): void;
  instance(id: Hash): InstanceSummary | undefined;
  /** By the RFC 7638 thumbprint (32 bytes, SHA-256) of the identity key. */
  instanceByKid(kid: Uint8Array): InstanceSummary | undefined;
  instancesOf(spiffeId: string, limit: number, done: (found: InstanceSummary[]) => void): void;
  enrollment(id: Hash): Enrollment | undefined;
  history(id: Hash, limit: number, belowSeq?: number): CertifiedHeader[];
  evidence(id: Hash): ForkEvidence | undefined;
  equivocations(): Equivocation[];
  workload(spiffeId: string): Workload | undefined;
  workloads(limit: number, after: string | undefined, done: (found: Workload[]) => void): void;
  resource(url: string): Resource | undefined;
  resources(limit: number, after: string | undefined, done: (found: Resource[]) => void): void;
  endpoint(oracle: number): Endpoint | undefined;
  /** The statement behind `endpoint`. */
  endpointStatement(oracle: number): SignedStatement | undefined;

  /** Threshold issuance; undefined where it is off. */
  readonly tokens: OracleTokenApi | undefined;
  readonly events: OracleEventApi;
  readonly dpopNonces: DpopNonceApi;
  /** Ends a token at its client's word (RFC 7009), durably and at every oracle. Throws OAuthError, RateLimited at once. */
  revokeToken(revocation: TokenRevocation, done: () => void): void;
  tokenRevoked(spiffeId: string, jti: string): boolean;

  /**
   * Throws OAuthError temporarily_unavailable while what this oracle knows of instances may be old: since its start
   * it has not re-read its peers, or it was rolled back. Tokens and their status are not to be had from it then.
   */
  requireCurrent(): void;

  /** Marks this oracle rolled back, for good (operator's word; SPEC section 7). */
  fence(reason: string, done: () => void): void;
  readonly fenced: boolean;
  ready(): ReadyReasons;
  /** Counters and gauges for /metrics: name -> value. */
  metrics(): Readonly<Record<string, number>>;
}
