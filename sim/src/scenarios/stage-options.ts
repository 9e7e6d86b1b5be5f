import type { Prng } from "../core/index.ts";
import type { Genesis, Submission, Topology, World } from "../world/index.ts";

export interface StageOptions {
  readonly world: World;
  readonly genesis: Genesis;
  readonly prng: Prng;
  readonly heartbeatMs: number;
  readonly topology: Topology;
}

/** Whether every message of a submission was signed. */
export function succeeded({ outcome }: Submission): boolean {
  return outcome?.ok === true && outcome.outcomes.every((one) => one.ok);
}
