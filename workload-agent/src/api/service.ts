import type { MessageType } from "@ipse/protocol/session";
import type { AssertionRequest, TokenAnswer, TokenQuery } from "../tokens/index.ts";
import type { LoggedEvent } from "./event-log.ts";

/** Who the workload is. */
export interface IdentityReport {
  readonly spiffe_id: string;
  readonly trust_domain: string;
  readonly issuer: string;
  /** Hex of the instance hash. */
  readonly instance: string;
  readonly kid: string;
  readonly jwk: Readonly<Record<string, string>>;
  readonly pem: string;
}

/** How an agent is doing. */
export interface StatusReport {
  /** not-enrolled, enrolling, checking, active, quarantined, stale, ending, ended or revoked. */
  readonly status: string;
  /** The error code that requests get now; null while they are served. */
  readonly code: string | null;
  readonly detail: string | null;
  readonly spiffe_id: string | null;
  readonly instance: string | null;
  readonly kid: string | null;
  readonly seq: number | null;
  readonly share_version: number | null;
  readonly heartbeat_ms: number;
  readonly quorum: number;
  readonly connected: number;
  readonly oracles: readonly {
    readonly id: number;
    readonly connected: boolean;
    readonly problem: string | null;
  }[];
  readonly pid: number;
  readonly version: string;
}

export interface SignatureReport {
  readonly signature: Uint8Array;
  readonly seq: number;
}

/** What the workload API serves; the agent behind it. Errors are IpseErrors with codes of outcome.ts. */
export interface AgentService {
  status(): StatusReport;
  identity(): IdentityReport;
  events(after: number): readonly LoggedEvent[];
  sign(type: MessageType, payload: Uint8Array): Promise<SignatureReport>;
  assertion(request: AssertionRequest): Promise<string>;
  token(query: TokenQuery): Promise<TokenAnswer>;
  /** A DPoP proof for one call with a token. */
  proof(
    token: TokenAnswer,
    target: { readonly method: string; readonly url: string; readonly nonce?: string | undefined },
  ): Promise<string | undefined>;
  /** Ends the instance for good. */
  leave(): Promise<void>;
}
