import type { Scenario, Setting } from "../scenarios/scenario.ts";
import type { Stage } from "../scenarios/stage.ts";

/**
 * A deliberately broken build, made inside the simulator by wrapping machines and
 * ports. Each MUST be caught: if it is not, a checker is dead. Production code has no
 * switch for any of them.
 */
export interface Control {
  readonly name: string;
  /** What the broken build does. */
  readonly breaks: string;
  /** The scenario in which it must be caught. */
  readonly scenario: Scenario;
  readonly setting?: Setting;
  /** The promise or sentence that must catch it, as it begins. */
  readonly caughtBy: string;
  /** Breaks the world before it starts. */
  readonly apply: (stage: Stage) => void;
  /** Seeds to try until it is caught (chance decides whether the broken path is taken). Default 12. */
  readonly seeds?: number;
}
