export * from "./event-log.ts";
export * from "./listen.ts";
export * from "./server.ts";
export * from "./service.ts";
