export * from "./agreed-status.ts";
export * from "./presented.ts";
export * from "./signed-documents.ts";
export * from "./verify-access-token.ts";
