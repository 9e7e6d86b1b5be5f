import type { LinkProfile, PoolKeySource, Topology } from "../world/index.ts";
import type { Stage } from "./stage.ts";

/** What a run can come to (sim/README.md). FAIL: a promise was broken or the script's own check failed. */
export const OUTCOMES = ["OK", "IDEM", "HARD", "SOFT", "PREV", "NONE", "ALERT"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** How a scenario's world may vary; what is missing is drawn from the seed. */
export interface Setting {
  readonly topology?: Topology;
  readonly heartbeatMs?: number;
  readonly links?: LinkProfile;
  /** Default: the ideal dealer's keys. */
  readonly keys?: PoolKeySource;
  /** The oracles make an issuer key and issue tokens together (SPEC section 10). Default: no. */
  readonly issuer?: boolean;
}

/** One attack or fault, in one file: who does what, and what must come of it. */
export interface Scenario {
  readonly number: number;
  readonly name: string;
  /** Every outcome that a run may end with; the script says which one a variant expects. */
  readonly expected: readonly [Outcome, ...Outcome[]];
  /** One sentence for people. */
  readonly summary: string;
  readonly setting?: Setting;
  /**
   * Plays the attack. `stage.expect(code)` narrows the expectation to one variant;
   * `stage.must` states what else has to hold. What happened is read from the world.
   */
  readonly script: (stage: Stage) => void;
}
