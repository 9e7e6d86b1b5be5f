import type { Stage } from "../scenarios/stage.ts";
import type { Observer } from "../world/index.ts";

/** One promise of SPEC section 12 (or a rule of sections 4 and 5 that carries one), watched on every state. */
export interface Checker {
  readonly name: string;
  /** The promise in a sentence. */
  readonly promise: string;
  watch(stage: Stage): Observer;
}
