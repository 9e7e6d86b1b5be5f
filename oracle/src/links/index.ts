export { Backoff } from "./backoff.ts";
export { endpointStatements } from "./endpoint-statements.ts";
export { connectPinned, type Target } from "./pinned-socket.ts";
export { ask, type HttpAnswer } from "./request.ts";
