export * from "./content-digest.ts";
export * from "./signature-base.ts";
