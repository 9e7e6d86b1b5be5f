export { readMaterial, readRosterFile } from "./material.ts";
export { type RunningOracle, startOracle } from "./run-oracle.ts";
export { untilSignal } from "./signals.ts";
