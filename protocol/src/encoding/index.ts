export * from "./base64.ts";
export * from "./codec.ts";
export * from "./hash.ts";
export { type Hashes, hashes, portableHashes, useHashes } from "./hashes.ts";
export * from "./kept.ts";
export * from "./remembered.ts";
export * from "./schema.ts";
export * from "./strict-json.ts";
