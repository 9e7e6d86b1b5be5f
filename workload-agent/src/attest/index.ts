export * from "./attest.ts";
export * from "./keys.ts";
