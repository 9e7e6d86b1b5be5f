import type { OracleMessage } from "@ipse/protocol/wire";
import type { OracleState } from "./oracle-part.ts";
import type { Sent, WorkloadRest } from "./workload-part.ts";

export interface Reply {
  readonly about: string;
  readonly message: OracleMessage;
  readonly key: string;
}

/** A global state: parts by reference, links as lists of frames. */
export interface Global {
  readonly oracles: readonly OracleState[];
  readonly workloads: readonly WorkloadRest[];
  /** Frames from workload w to oracle o at index w * n + o - 1. */
  readonly up: readonly (readonly Sent[])[];
  readonly down: readonly (readonly Reply[])[];
  /** Links that stand still until somebody lets their next frame through: up links, then down links. */
  readonly stalled: readonly boolean[];
  /** Stalls and gossip messages so far, where they are bounded. */
  readonly disturbances: number;
  readonly beats: readonly number[];
  readonly crashes: number;
  readonly depth: number;
}

export function replace<T>(list: readonly T[], index: number, value: T): T[] {
  const out = [...list];
  out[index] = value;
  return out;
}
