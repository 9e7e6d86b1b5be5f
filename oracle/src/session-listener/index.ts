export { AgentConnection } from "./agent-connection.ts";
export { newSealingKey, openDelta, type SealingKey } from "./hpke.ts";
export { createSessionListener, type SessionListener, type SessionListenerOptions } from "./listener.ts";
export { type RegistryDeps, registryRoutes } from "./registry-routes.ts";
