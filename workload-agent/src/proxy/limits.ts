/** Every bound of the proxy in one place. */

/** Bytes of a request's or a response's header section. */
export const HEADER_BYTES_MAX = 32 * 1024;
/** Bodies of known length up to this are held back, so that a request can be sent twice. */
export const REPLAY_BYTES_MAX = 64 * 1024;
/** Connections from applications at once. */
export const CONNECTIONS_MAX = 512;
/** Connections to the target at once; more requests wait. */
export const TARGET_SOCKETS_MAX = 256;
/** An application must have sent its header section, or a body that is held back, in this time. */
export const REQUEST_MS = 30_000;
/** The connection to the target must stand in this time. */
export const CONNECT_MS = 10_000;
/** The target must begin its response this long after the request. */
export const RESPONSE_MS = 60_000;
/** Nothing moves on a connection for so long: it is cut off. Upgraded connections may rest. */
export const IDLE_MS = 300_000;
/** Requests under way may take so long once the proxy is to stop. */
export const GRACE_MS = 10_000;
/** How often the instance's state is looked at while upgraded connections are open. */
export const WATCH_MS = 5000;
