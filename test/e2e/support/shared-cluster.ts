import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { Cluster, type Described, makeTempDir, removeTempDir } from "../../src/processes/index.ts";

/** What a test file needs to know about the cluster that all files share. */
export interface SharedCluster extends Described {
  readonly dir: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    sharedCluster: SharedCluster;
  }
}

export const HEARTBEAT_MS = 1000;

/** One cluster for all files that do not hurt it: starting one costs more than most tests. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = makeTempDir("e2e-shared");
  const lastResort = () => removeTempDir(dir);
  process.on("exit", lastResort);
  const words = ["--port", "0", "--heartbeat-ms", `${HEARTBEAT_MS}`];
  const cluster = await Cluster.start(join(dir, "cluster"), words);
  const { issuer, roster, oracles } = cluster;
  project.provide("sharedCluster", { dir: cluster.dir, issuer, roster, oracles });
  return async () => {
    await cluster.stop();
    lastResort();
    process.off("exit", lastResort);
  };
}
