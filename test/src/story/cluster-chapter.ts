import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rosterFromJson } from "@ipse/protocol/registry";
import { Cluster } from "../processes/index.ts";
import type { ProtectedApi } from "./protected-api.ts";
import { ORACLES, QUORUM, SCOPE, SPIFFE_ID, type Stage } from "./stage.ts";
import type { Timeline } from "./timeline.ts";

const HEARTBEAT_MS = 2000;

/** Four oracles come up; an operator registers who may do what. */
export async function clusterChapter(dir: string, timeline: Timeline, api: ProtectedApi): Promise<Stage> {
  timeline.heading("1  The oracles");
  const words = ["--port", "0", "--oracles", `${ORACLES}`, "--quorum", `${QUORUM}`];
  const cluster = await timeline.step(
    "four oracles start and make keys that none of them holds",
    () => Cluster.start(join(dir, "cluster"), [...words, "--heartbeat-ms", `${HEARTBEAT_MS}`]),
    ({ oracles, issuer }) =>
      `${oracles.length} oracles are ready, each a process with its own store; any ${QUORUM} decide (${issuer})`,
  );
  const secret = await timeline.step(
    "registering the API",
    async () => String((await cluster.json(["resource", "create", api.resource]))["credential"]),
    () => `the operator registered the API ${api.resource}`,
  );
  await timeline.step(
    "registering the workload",
    () => cluster.createWorkload(SPIFFE_ID, { resources: [api.resource], scopes: [SCOPE] }),
    () => `the operator registered the workload ${SPIFFE_ID}`,
  );
  const { roster } = rosterFromJson(readFileSync(cluster.roster, "utf8"));
  const oracles = cluster.oracles.map(({ url }) => url);
  const trust = { issuer: cluster.issuer, roster, oracles, secret };
  await api.protect(trust);
  return { dir, timeline, api, cluster, trust };
}
