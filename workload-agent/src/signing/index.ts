export * from "./http-signature.ts";
export * from "./signer.ts";
export * from "./wimse.ts";
