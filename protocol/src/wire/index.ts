export * from "./peer.ts";
export * from "./session.ts";
