export { Agent, type AgentEvent, type SignAnswer, signatureVerifies } from "./agent.ts";
export { type ApiAnswer, callApi } from "./agent-api.ts";
export { BINS, type Program } from "./bins.ts";
export { Cluster, type Described, type LogEvent, type OracleInfo, type WorkloadRights } from "./cluster.ts";
export { copyDir } from "./copy-dir.ts";
export { type Daemon, killDaemons, startDaemon, stopDaemons } from "./daemon.ts";
export { endLifetime } from "./lifetime.ts";
export {
  errorCodeOf,
  killVerbs,
  runVerb,
  VerbFailed,
  type VerbOptions,
  type VerbResult,
  verbJson,
} from "./run-verb.ts";
export { makeTempDir, removeTempDir } from "./temp-dir.ts";
export { type UntilOptions, until } from "./until.ts";
