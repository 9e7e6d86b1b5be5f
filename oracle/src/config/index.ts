export { inConfigDir, type LoadedConfig, loadConfig, parseConfig } from "./load.ts";
export {
  type Address,
  type Config,
  type ConfigInput,
  formatAddress,
  isLoopback,
  type Limits,
  LOG_LEVELS,
  parseAddress,
  TOKEN_MODES,
  type TokenMode,
} from "./schema.ts";
