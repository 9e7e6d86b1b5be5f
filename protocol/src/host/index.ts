export { NonceVault } from "./nonce-vault.ts";
export * from "./oracle-api.ts";
export type { PendingEvent } from "./oracle-events.ts";
export { createOracle } from "./oracle-host.ts";
export * from "./ports.ts";
export { StoreView } from "./store-view.ts";
export * from "./table.ts";
export * from "./workload-host.ts";
