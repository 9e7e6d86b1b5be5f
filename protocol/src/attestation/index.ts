export * from "./envelope.ts";
export * from "./pae.ts";
export * from "./statement.ts";
