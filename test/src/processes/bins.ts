import { fileURLToPath } from "node:url";

const at = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** The commands as they are installed; both run what was built to dist. */
export const BINS = {
  "ipse-oracle": at("oracle/bin/ipse-oracle.js"),
  "ipse-agent": at("workload-agent/bin/ipse-agent.js"),
} as const;
export type Program = keyof typeof BINS;
