export * from "./campaign.ts";
export * from "./run-one.ts";
export * from "./shrink.ts";
export * from "./tally.ts";
export * from "./trace.ts";
export * from "./work.ts";
