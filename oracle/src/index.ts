export { type LoadedConfig, loadConfig, parseConfig } from "./config/index.ts";
export { type RunningOracle, startOracle } from "./process/index.ts";
