export * from "./cosign.ts";
export * from "./peer.ts";
export * from "./session.ts";
