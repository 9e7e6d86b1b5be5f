export { DEV_DEFAULTS, type DevCluster, type DevOptions, readyLine, startDevCluster } from "./dev-cluster.ts";
export { type DevLayout, type DevState, devLayout, localUrl, publicUrl, readDevState } from "./layout.ts";
