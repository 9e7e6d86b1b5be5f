import { HEARTBEAT_MS } from "../../limits.ts";

/** What an operator may tune of a workload agent; none of it touches safety. */
export interface WorkloadSettings {
  /** H: at least one step, with a ratchet, in this time. */
  readonly heartbeatMs: number;
  /** Heartbeats and retries vary by this fraction either way. */
  readonly jitter: number;
  /** How long safe start waits for more answers after q (SPEC section 8). */
  readonly graceMs: number;
  /** How long the chosen signers have for their signature shares. */
  readonly signTimeoutMs: number;
  /** How long one oracle has to answer RESERVE. */
  readonly reserveTimeoutMs: number;
  /** After this a caller gets ERR_QUORUM_UNREACHABLE; its step is finished later all the same. */
  readonly requestTimeoutMs: number;
  /** First delay of an oracle's retry back-off. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
  /** Messages that may wait for a step; more are refused with ERR_BUSY. */
  readonly queueMessagesMax: number;
  readonly queueBytesMax: number;
}

export const DEFAULT_SETTINGS: WorkloadSettings = {
  heartbeatMs: HEARTBEAT_MS,
  jitter: 0.2,
  graceMs: 250,
  signTimeoutMs: 1500,
  reserveTimeoutMs: 3000,
  requestTimeoutMs: 15_000,
  retryMsMin: 500,
  retryMsMax: 15_000,
  queueMessagesMax: 1024,
  queueBytesMax: 1024 * 1024,
};
