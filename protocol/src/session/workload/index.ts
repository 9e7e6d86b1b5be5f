export * from "./durable.ts";
export { type JoinTicket, joinState } from "./enroll.ts";
export * from "./inputs.ts";
export * from "./settings.ts";
export { newState, type WorkloadMemory, type WorkloadState } from "./state.ts";
export { type WorkloadStep, workloadStep } from "./step.ts";
export type { WorkloadContext } from "./turn.ts";
