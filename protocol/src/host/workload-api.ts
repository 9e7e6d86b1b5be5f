import type { Group } from "../group/group.ts";
import type { Roster } from "../registry/roster.ts";
import type {
  AgentRequest,
  DurableState,
  Mode,
  SubmissionOutcome,
  WorkloadEffect,
  WorkloadEvent,
  WorkloadSettings,
  WorkloadState,
} from "../session/workload/index.ts";
import type { Clock, Entropy, EventSink, StateFile, Timers } from "./ports.ts";

/** Links to the oracles; the edge frames, seals `delta` for the connection's key, and wipes it. */
export interface WorkloadLinks {
  /** `requestId` is the frame's id: every answer comes back with it. May drop what it cannot send. */
  send(oracle: number, requestId: number, message: AgentRequest, delta: Uint8Array | undefined): void;
}

export interface WorkloadPorts {
  readonly group: Group;
  /** The verified roster that the instance lives under. */
  readonly roster: Roster;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly timers: Timers;
  readonly stateFile: StateFile;
  readonly links: WorkloadLinks;
  readonly events: EventSink;
  readonly settings?: Partial<WorkloadSettings>;
  readonly onStatus?: (mode: Mode, code: string | undefined) => void;
  /** The host has stopped for good: a failed save (fail closed) or a bug. The process should end. */
  readonly onFatal: (error: unknown) => void;
}

/** All of a host's memory as plain data: structured-clone it to copy a running process. */
export interface WorkloadSnapshot {
  readonly state: WorkloadState;
  readonly inbox: readonly WorkloadEvent[];
  /** Effects of a step whose state is being saved. */
  readonly outbox: readonly WorkloadEffect[] | undefined;
  readonly timers: readonly { readonly name: string; readonly dueMs: number }[];
  readonly nextId: number;
  readonly machine: string;
  readonly driftMs: number;
}

export interface WorkloadView {
  readonly mode: Mode;
  /** What callers get while nothing can be signed. */
  readonly code: string | undefined;
  readonly durable: DurableState;
}

/** Called exactly once with what became of a submission, unless the process ends first. */
export type SubmissionDone = (outcome: SubmissionOutcome) => void;
