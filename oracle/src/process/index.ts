export { tuneEngine } from "./engine.ts";
export { fenceOracle } from "./fence.ts";
export { readMaterial } from "./material.ts";
export type { Substitutes } from "./parts.ts";
export { type RunningOracle, startOracle } from "./run-oracle.ts";
export { PARENT_VARIABLE, untilSignal } from "./signals.ts";
