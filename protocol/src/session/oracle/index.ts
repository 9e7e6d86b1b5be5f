export type { OracleContext, OracleEffect, Outcome, SlotSubject } from "./context.ts";
export { openHeaders } from "./draft.ts";
export { onCert, onCommit } from "./on-commit.ts";
export { learnEnrollment, onEnroll, workloadPrefix } from "./on-enroll.ts";
export { onEquivocation, onEvidence, onPeerStale, onStale, onStanding, onStatus } from "./on-reads.ts";
export { onHeader, onOpen, onStep, type StepInput } from "./on-step.ts";
export * as records from "./records.ts";
export { type VoteKey, voteKeyFrom } from "./vote-key.ts";
