import type { KeyObject } from "node:crypto";
import type { Agent, Cluster } from "../processes/index.ts";
import type { ProtectedApi, Trust } from "./protected-api.ts";
import type { Timeline } from "./timeline.ts";

/** What every chapter plays on. */
export interface Stage {
  readonly dir: string;
  readonly timeline: Timeline;
  readonly api: ProtectedApi;
  readonly cluster: Cluster;
  /** What the API trusts. */
  readonly trust: Trust;
}

/** An agent at work, with a token in hand. */
export interface Workload {
  readonly agent: Agent;
  readonly instance: string;
  readonly key: KeyObject;
  readonly heartbeatMs: number;
  readonly token: string;
  readonly resourceStatus: number;
}

export const SPIFFE_ID = "spiffe://dev.ipse/story";
export const SCOPE = "read";
export const QUORUM = 3;
export const ORACLES = 4;

/** A number for people. */
export const ms = (value: number): string => `${Math.round(value).toLocaleString("en-US")} ms`;
export const short = (hash: string): string => `${hash.slice(0, 12)}...`;
