export * from "./documents.ts";
export * from "./issuer-key.ts";
export * from "./judge-request.ts";
export * from "./proposal.ts";
export * from "./sign-token.ts";
export * from "./states.ts";
