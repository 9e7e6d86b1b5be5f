import { statSync } from "node:fs";
import { resolve } from "node:path";
import { check } from "@ipse/protocol";
import { type Group, loadGroup } from "@ipse/protocol/group";
import { EndpointDirectory, fetchEndpointStatements, readEndpointStatement } from "../links/index.ts";
import { kernelEntropyAvailable, probeSocket } from "../platform/index.ts";
import { type Cluster, decodeCluster, loadEndpoints, peekCluster } from "../state/index.ts";

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface DoctorOptions {
  readonly dir?: string | undefined;
  readonly socket: string;
}

/** Runs one look; what it throws is what is wrong. */
async function look(name: string, act: () => Promise<string> | string): Promise<Check> {
  try {
    return { name, ok: true, detail: await act() };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

function privateDirectory(dir: string): string {
  const { mode } = statSync(dir);
  check((mode & 0o077) === 0, "ERR_STATE_PERMISSION", `${dir} is open to other users; chmod 700 it`);
  return `${dir} is private`;
}

function readCluster(dir: string): Cluster {
  const bytes = peekCluster(dir);
  check(
    bytes !== undefined,
    "ERR_NOT_ENROLLED",
    `there is no instance in ${dir}; run ipse-agent enroll first`,
  );
  return decodeCluster(bytes);
}

/** Every oracle's listener, its TLS key and its registry; fine while a quorum answers. */
async function oracleChecks(group: Group, dir: string, cluster: Cluster): Promise<Check[]> {
  const { roster } = cluster.roster;
  const known = loadEndpoints(dir).filter(
    (signed) => readEndpointStatement(signed, group, roster) !== undefined,
  );
  const directory = new EndpointDirectory(cluster.bootstrap, known);
  const each = await Promise.all(
    roster.oracles.map(({ id }) =>
      look(`oracle ${id}`, async () => {
        const endpoint = directory.session(id);
        check(endpoint !== undefined, "ERR_LINK_CONNECT", "its address is not known");
        await fetchEndpointStatements(endpoint, group, roster);
        return `${endpoint.sessionUrl} answers`;
      }),
    ),
  );
  const up = each.filter((one) => one.ok).length;
  const quorum = {
    name: "quorum",
    ok: up >= roster.quorum,
    detail: `${up} of ${each.length} oracles answer, ${roster.quorum} are needed`,
  };
  // One oracle away is no illness of the agent.
  return [...each.map((one) => ({ ...one, ok: one.ok || quorum.ok })), quorum];
}

/** Everything that usually goes wrong, looked at one after the other; never throws, changes nothing. */
export async function doctorChecks(options: DoctorOptions): Promise<Check[]> {
  const { group, warning } = await loadGroup();
  const checks = [
    { name: "cryptography", ok: warning === undefined, detail: warning ?? "libsodium is in use" },
    await look("entropy", () => {
      check(kernelEntropyAvailable(), "ERR_ENTROPY", "/dev/urandom cannot be read");
      return "the kernel's generator is readable";
    }),
    await look("agent", async () => {
      const state = await probeSocket(options.socket);
      check(state === "live", "ERR_AGENT_NOT_RUNNING", `no agent listens on ${options.socket}`);
      return `listens on ${options.socket}`;
    }),
  ];
  if (options.dir === undefined) return checks;
  const dir = resolve(options.dir);
  checks.push(await look("directory", () => privateDirectory(dir)));
  let cluster: Cluster | undefined;
  const state = await look("state", () => {
    cluster = readCluster(dir);
    return `an instance of ${cluster.roster.roster.trustDomain}`;
  });
  return cluster === undefined
    ? [...checks, state]
    : [...checks, state, ...(await oracleChecks(group, dir, cluster))];
}
