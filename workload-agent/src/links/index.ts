export * from "./directory.ts";
export * from "./links.ts";
export * from "./pinned-socket.ts";
export * from "./registry-client.ts";
export * from "./sealing.ts";
