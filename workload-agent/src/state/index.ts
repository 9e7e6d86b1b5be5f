export * from "./cluster.ts";
export * from "./directory.ts";
export * from "./endpoint-cache.ts";
export * from "./lock.ts";
export * from "./state-file.ts";
export * from "./system-errors.ts";
