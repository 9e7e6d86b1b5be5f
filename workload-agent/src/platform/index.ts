export { systemHashes } from "./hashes.ts";
export * from "./loopback.ts";
export * from "./ports.ts";
export * from "./unix-socket.ts";
