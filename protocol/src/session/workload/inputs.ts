import type { HostEvent } from "../../host/ports.ts";
import type { AgentMessage, OracleMessage } from "../../wire/session.ts";
import type { Message } from "../body.ts";

/** What can happen to a workload. */
export type WorkloadEvent =
  /** The process starts; `machine` names boot and VM generation as far as the platform tells. */
  | { readonly type: "start"; readonly machine: string }
  /** Boot id, VM generation or clock jumped: the state may be a copy. */
  | { readonly type: "continuityLost"; readonly machine: string }
  | { readonly type: "oracleUp"; readonly oracle: number }
  | { readonly type: "oracleDown"; readonly oracle: number }
  | {
      readonly type: "message";
      readonly oracle: number;
      /** The id of the request this answers. */
      readonly requestId: number;
      readonly message: OracleMessage;
    }
  | { readonly type: "submit"; readonly id: number; readonly messages: readonly Message[] }
  | { readonly type: "leave"; readonly id: number }
  | { readonly type: "timer"; readonly name: string };

/** An event with the time at which it is handled: the machine's only clock. */
export type WorkloadInput = WorkloadEvent & { readonly nowMs: number; readonly monotonicMs: number };

/** What an agent sends after HELLO, which is the transport's. `sealedDelta` of a step is always undefined here. */
export type AgentRequest = Exclude<AgentMessage, { kind: "hello" }>;

/** What became of one message of a submission. */
export type MessageOutcome =
  | { readonly ok: true; readonly signature: Uint8Array }
  | { readonly ok: false; readonly code: string };

/** What became of a submission: an outcome per message, or one code for all. */
export type SubmissionOutcome =
  | { readonly ok: true; readonly seq: number; readonly outcomes: readonly MessageOutcome[] }
  | { readonly ok: false; readonly code: string };

export type WorkloadEffect =
  | {
      readonly type: "send";
      readonly oracle: number;
      readonly requestId: number;
      readonly message: AgentRequest;
      /** A_i, which the edge seals for this oracle's connection key (SPEC section 6). The receiver wipes it. */
      readonly delta: Uint8Array | undefined;
    }
  | { readonly type: "result"; readonly id: number; readonly outcome: SubmissionOutcome }
  | { readonly type: "statusChanged"; readonly mode: Mode; readonly code: string | undefined }
  /** Replaces a timer of the same name. */
  | { readonly type: "timer"; readonly name: string; readonly delayMs: number }
  | { readonly type: "event"; readonly event: HostEvent };

/**
 * enrolling: no instance yet. checking: safe start. running: steps are made. quarantined: operators decide.
 * ending: END is certified, q oracles must know. dead: revoked, stale, ended or never enrolled, for ever.
 */
export type Mode = "enrolling" | "checking" | "running" | "quarantined" | "ending" | "dead";
