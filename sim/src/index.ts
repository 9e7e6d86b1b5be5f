export * from "./campaign/index.ts";
export * from "./checkers/index.ts";
export * from "./controls/index.ts";
export * from "./core/index.ts";
export { symbolicGroup } from "./crypto/symbolic-group.ts";
export { SCENARIOS } from "./scenarios/index.ts";
export type { Outcome, Scenario } from "./scenarios/scenario.ts";
export * from "./world/index.ts";
