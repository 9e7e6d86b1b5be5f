export { createLocalListener, type LocalListenerOptions, readiness } from "./local-listener.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
