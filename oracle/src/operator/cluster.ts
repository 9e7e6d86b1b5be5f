import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { IpseError } from "@ipse/protocol";
import { type Group, loadGroup } from "@ipse/protocol/group";
import {
  type Endpoint,
  type Roster,
  type SignedRoster,
  type SignedStatement,
  verifyRoster,
  verifyStatement,
} from "@ipse/protocol/registry";
import { devLayout, readDevState } from "../dev/layout.ts";
import { readSigningKey, type SigningKey } from "../keys/index.ts";
import { readRosterFile } from "./roster-file.ts";

/** How an operator says which cluster is meant. */
export interface ClusterOptions {
  readonly dir?: string;
  readonly roster?: string;
  readonly operatorKey?: readonly string[];
}

/** A cluster as its operators reach it. */
export interface Cluster {
  readonly group: Group;
  readonly signed: SignedRoster;
  readonly roster: Roster;
  readonly operators: readonly [SigningKey, ...SigningKey[]];
  readonly operatorKeyFile: string;
  /** Verified endpoints, in oracle order. */
  readonly endpoints: readonly Endpoint[];
  /** Hint for join URIs; undefined where nobody chose one. */
  readonly heartbeatMs: number | undefined;
}

const DEV_DIR = "./ipse-dev";

function verifiedEndpoints(group: Group, roster: Roster, statements: readonly SignedStatement[]): Endpoint[] {
  const endpoints = statements.flatMap((signed) => {
    verifyStatement(group, roster, signed);
    const { payload } = signed.statement;
    return payload.kind === "endpoint" ? [payload] : [];
  });
  return endpoints.sort((a, b) => a.oracle - b.oracle);
}

function filesOf(options: ClusterOptions): {
  roster: string;
  keys: readonly string[];
  dir: string | undefined;
} {
  const { dir, roster, operatorKey = [] } = options;
  if (roster !== undefined) {
    if (dir !== undefined)
      throw new IpseError("ERR_USAGE", "give --dir, or --roster with --operator-key, not both");
    if (operatorKey.length === 0) throw new IpseError("ERR_USAGE", "--roster needs --operator-key");
    const beside = dirname(resolve(roster));
    const dev = existsSync(devLayout(beside).stateFile);
    return { roster, keys: operatorKey, dir: dev ? beside : undefined };
  }
  const chosen = dir ?? DEV_DIR;
  const layout = devLayout(resolve(chosen));
  if (!existsSync(layout.rosterFile)) {
    const hint =
      dir === undefined ? "give --dir, or --roster with --operator-key" : `${dir} holds no cluster`;
    throw new IpseError("ERR_USAGE", `no cluster found: ${hint}`);
  }
  return {
    roster: layout.rosterFile,
    keys: operatorKey.length > 0 ? operatorKey : [layout.operatorKeyFile],
    dir: layout.dir,
  };
}

/** Finds the cluster and checks its roster and endpoints before anything is asked of it. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const { group } = await loadGroup();
  const files = filesOf(options);
  const { roster: signed, endpoints } = readRosterFile(files.roster);
  // A later roster of a chain cannot be checked without its predecessor; whoever gives the file pins it.
  const { roster } = signed;
  const first = roster.previous.every((byte) => byte === 0);
  if (first) verifyRoster(group, signed);
  const [operator, ...others] = files.keys.map((file) => readSigningKey(group, file));
  if (operator === undefined) throw new IpseError("ERR_USAGE", "an operator key is needed");
  const heartbeatMs = files.dir === undefined ? undefined : readDevState(devLayout(files.dir)).heartbeat_ms;
  return {
    group,
    signed,
    roster,
    operators: [operator, ...others],
    operatorKeyFile: files.keys[0] ?? "",
    endpoints: verifiedEndpoints(group, roster, endpoints),
    heartbeatMs,
  };
}

/** The endpoints, or ERR_ENDPOINT_NONE: a roster file without them leads nowhere. */
export function reachable(cluster: Cluster): readonly Endpoint[] {
  if (cluster.endpoints.length > 0) return cluster.endpoints;
  throw new IpseError("ERR_ENDPOINT_NONE", "the roster file names no endpoints of the oracles");
}
