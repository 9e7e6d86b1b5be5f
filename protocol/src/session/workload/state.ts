import type { SigningPackage } from "../../frost/index.ts";
import type { Message } from "../body.ts";
import type { CertifiedHeader } from "../certified.ts";
import type { InstanceConstants } from "../enroll-check.ts";
import type { SignedHeader } from "../header.ts";
import type { NonceSlot, ShareResult } from "../signing.ts";
import type { InstanceStatus } from "../status.ts";
import type { SignedVote } from "../vote.ts";
import type { DurableState } from "./durable.ts";
import { type EntropyPool, newPool, type Random } from "./entropy-pool.ts";
import type { AgentRequest, MessageOutcome, Mode } from "./inputs.ts";

/** What W knows of one oracle; all of it may be lost in a crash. */
export interface OracleView {
  up: boolean;
  /** Tries since the last progress: the back-off's exponent. */
  tries: number;
  /** Not before this monotonic time unless something happened. */
  nextTryMs: number;
  /** Its vote for the pending step or ENROLL. */
  vote: SignedVote | undefined;
  /** An unused nonce slot for the pending step. */
  slot: NonceSlot | undefined;
  /** The slot that the last COMMIT named: an answer that shows it again comes too late. */
  spent: Uint8Array | undefined;
  /** It answered the pending step without a slot: it holds no share of the version that the step names. */
  shareless: boolean;
  /** The code of its definite refusal of the pending ENROLL. */
  refusal: string | undefined;
  /** It was told about the instance on this connection. */
  introduced: boolean;
  /** The seq of the last step whose COMMIT it answered on this connection: it holds that step's certificate. */
  committed: number;
  /** It acknowledged END, or the stale notice. */
  acknowledged: boolean;
  /** Smoothed answer time. */
  latencyMs: number;
}

/** A request that was sent and not answered. */
export interface OpenRequest {
  readonly oracle: number;
  readonly about: AgentRequest["kind"];
  readonly sentMs: number;
}

/** What a caller asked to be signed. */
export interface Submission {
  readonly id: number;
  readonly messages: readonly Message[];
  readonly deadlineMs: number;
}

/** A submission inside the pending step: its messages are `first`.. of the body. */
export interface Passenger {
  readonly submission: Submission;
  readonly first: number;
}

/** One COMMIT: its nonces are gone before it leaves, only z_W and public values remain. */
export interface SigningAttempt {
  readonly signers: readonly number[];
  readonly slots: readonly NonceSlot[];
  readonly packages: readonly SigningPackage[];
  readonly ownShares: readonly Uint8Array[];
  readonly replies: Map<number, readonly ShareResult[]>;
}

/** Round 2 of the pending step. */
export interface Signing {
  readonly outcomes: (MessageOutcome | undefined)[];
  readonly denials: { readonly oracle: number; readonly message: number; readonly code: string }[];
  /** Proven or malformed: not asked again for this step. */
  readonly excluded: Set<number>;
  /** Silent or refusing last time, in the order in which they were: asked when nobody else is left. */
  readonly resting: Set<number>;
  attempt: SigningAttempt | undefined;
  /** Attempts made. */
  rounds: number;
  /** Since when too few of those who answered hold the share; undefined while that is not so. */
  strandedMs: number | undefined;
  /** Since when slots of oracles that were not silent are waited for; undefined while none are. */
  awaitingMs: number | undefined;
}

/** An oracle's answer to STATUS, of which only what proves itself was kept. */
export interface CheckedStatus {
  readonly oracle: number;
  readonly status: InstanceStatus;
  readonly release: number;
  readonly head: CertifiedHeader | undefined;
  readonly above: readonly SignedHeader[];
}

/** A STATUS round. */
export interface StatusRound {
  readonly challenge: Uint8Array;
  readonly answers: CheckedStatus[];
}

/** Everything a crash may take. Plain data, so that a whole process can be copied by structured clone. */
export interface WorkloadMemory {
  mode: Mode;
  /** Nothing since the last safe start could have copied or restored this state. */
  continuous: boolean;
  /** Somebody stood on my pending step: ask again once it is certified. */
  recheck: boolean;
  readonly pool: EntropyPool;
  nextRequestId: number;
  readonly requests: Map<number, OpenRequest>;
  /** Oracle i at index i - 1. */
  readonly oracles: readonly OracleView[];
  constants: InstanceConstants | undefined;
  queue: Submission[];
  passengers: Passenger[];
  signing: Signing | undefined;
  round: StatusRound | undefined;
  polls: number;
  /** The name of a proof of suspension that a quorum has not called void. */
  standing: string | undefined;
  voided: readonly string[];
  lastRatchetMs: number;
  heartbeatDue: boolean;
  leave: { readonly id: number; readonly deadlineMs: number } | undefined;
  /** The oracle asked for a reservation. */
  reserveFrom: number;
  reserveTries: number;
  reserveRefusals: { readonly oracle: number; readonly code: string }[];
}

export interface WorkloadState {
  durable: DurableState;
  readonly memory: WorkloadMemory;
}

function newOracleView(): OracleView {
  return {
    up: false,
    tries: 0,
    nextTryMs: 0,
    vote: undefined,
    slot: undefined,
    shareless: false,
    spent: undefined,
    refusal: undefined,
    introduced: false,
    committed: -1,
    acknowledged: false,
    latencyMs: 0,
  };
}

/** A process that has just loaded (or made) its durable state. */
export function newState(durable: DurableState, oracleCount: number, random: Random): WorkloadState {
  const memory: WorkloadMemory = {
    mode: durable.phase.kind === "live" ? "checking" : durable.phase.kind,
    continuous: false,
    recheck: false,
    pool: newPool(random),
    nextRequestId: 1,
    requests: new Map(),
    oracles: Array.from({ length: oracleCount }, newOracleView),
    constants: undefined,
    queue: [],
    passengers: [],
    signing: undefined,
    round: undefined,
    polls: 0,
    standing: undefined,
    voided: [],
    lastRatchetMs: Number.NEGATIVE_INFINITY,
    heartbeatDue: false,
    leave: undefined,
    reserveFrom: 0,
    reserveTries: 0,
    reserveRefusals: [],
  };
  return { durable, memory };
}
