export { fenceOracle } from "./fence.ts";
export { readMaterial } from "./material.ts";
export { type RunningOracle, type Substitutes, startOracle } from "./run-oracle.ts";
export { PARENT_VARIABLE, untilSignal } from "./signals.ts";
