import { IpseError } from "@ipse/protocol";
import { formatAddress, loadConfig } from "../config/index.ts";
import { type Cluster, type ClusterOptions, openCluster } from "./cluster.ts";
import { readAll, readFrom } from "./read.ts";

export interface OracleStatus {
  readonly id: number;
  readonly ready: boolean;
  readonly fenced: boolean;
  readonly reasons: Readonly<Record<string, string>>;
}

type Answer = { readonly fenced?: boolean; readonly reasons?: Record<string, string> };

function toStatus(id: number, { fenced = false, reasons = {} }: Answer): OracleStatus {
  return { id, ready: Object.keys(reasons).length === 0, fenced, reasons };
}

/** Asks the oracle of a configuration over its local listener. Throws ERR_ORACLE_DOWN when it does not answer. */
export async function askLocal(configFile: string): Promise<OracleStatus> {
  const { config } = loadConfig(configFile);
  const at = formatAddress(config.local.listen);
  try {
    const answer = await fetch(`http://${at}/readyz`, { signal: AbortSignal.timeout(5_000) });
    return toStatus(config.oracle, (await answer.json()) as Answer);
  } catch (cause) {
    throw new IpseError("ERR_ORACLE_DOWN", `oracle ${config.oracle} does not answer on ${at}`, { cause });
  }
}

/** Every oracle's word about itself; one that does not answer is not ready. */
export async function statusOf(cluster: Cluster): Promise<OracleStatus[]> {
  const { answers, failed } = await readAll(cluster, async (endpoint) => {
    const answer = await readFrom(cluster, endpoint, { kind: "status" });
    return toStatus(endpoint.oracle, answer as Answer);
  });
  const down = failed.map(({ oracle, message }) => ({
    id: oracle,
    ready: false,
    fenced: false,
    reasons: { reach: message },
  }));
  return [...answers.map(({ value }) => value), ...down].sort((a, b) => a.id - b.id);
}

export async function clusterStatus(
  options: ClusterOptions,
): Promise<{ oracles: OracleStatus[]; quorum: number }> {
  const cluster = await openCluster(options);
  return { oracles: await statusOf(cluster), quorum: cluster.roster.quorum };
}
