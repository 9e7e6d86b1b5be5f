export * from "./assertion.ts";
export * from "./dpop.ts";
export * from "./issuer.ts";
export * from "./token-request.ts";
export * from "./token-response.ts";
export * from "./token-source.ts";
