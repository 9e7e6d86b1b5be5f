export * from "./credentials.ts";
export * from "./gate.ts";
export * from "./server.ts";
export * from "./target.ts";
