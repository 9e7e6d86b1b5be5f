export * from "./boot-id.ts";
export * from "./watch.ts";
