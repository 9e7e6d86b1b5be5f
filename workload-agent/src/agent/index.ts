export { Agent, type AgentOptions, statusWord } from "./agent.ts";
export { type EnrollOptions, enroll } from "./enroll.ts";
export { machineName, type Platform, systemPlatform } from "./platform.ts";
export { type RunningAgent, type RunOptions, runAgent } from "./run.ts";
