export * from "./decisions.ts";
export * from "./event-queue.ts";
export * from "./prng.ts";
export * from "./sim-clock.ts";
export * from "./sim-entropy.ts";
export * from "./sim-error.ts";
export * from "./sim-state-file.ts";
export * from "./sim-store.ts";
