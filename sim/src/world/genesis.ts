import { byteKey, concatBytes } from "@ipse/protocol";
import { encode } from "@ipse/protocol/encoding";
import type { Group } from "@ipse/protocol/group";
import type { Table } from "@ipse/protocol/host";
import { applyStatement, type SignedStatement } from "@ipse/protocol/registry";
import { constantsOf, type Enrollment } from "@ipse/protocol/session";
import { records } from "@ipse/protocol/session/oracle";
import { encodeState, type WorkloadSettings } from "@ipse/protocol/session/workload";
import { type DiskImage, Prng } from "../core/index.ts";
import { useHashesOf } from "../crypto/hashes.ts";
import type { AgentProcess } from "./agent-process.ts";
import { awaitCeremony, CEREMONY_KEYS_PER_ORACLE, ceremonyKeys, joinWorkload } from "./ceremony.ts";
import { type Cluster, makeCluster, makeTicket, workloadStatement } from "./cluster.ts";
import { type DealtPoolKey, dealPoolKeys, enrollingState } from "./ideal-dealer.ts";
import { type Topology, topologyName } from "./topology.ts";
import { World } from "./world.ts";

/** A deployment with one enrolled instance that has ratcheted at least once: where most scenarios begin. */
export interface Genesis {
  readonly cluster: Cluster;
  /** Disks of the oracles after the enrollment. */
  readonly images: readonly DiskImage[];
  /** The instance's state file. */
  readonly stateFile: Uint8Array;
  readonly instance: Uint8Array;
  readonly identityKey: Uint8Array;
  /** Pool keys that are still unused, for scenarios that enroll. */
  readonly spare: readonly DealtPoolKey[];
}

/** Where the pool keys come from: an ideal dealer, or the production ceremony of all oracles. */
export type PoolKeySource = "dealer" | "ceremony";

const POOL_KEYS = 16;

function tableRow<T>(image: Map<string, Uint8Array>, into: Table<T>, key: Uint8Array, value: T): void {
  image.set(byteKey(concatBytes(into.prefix, key)), encode(into.codec, value));
}

/** Disks as a finished key generation and an operator's first statements leave them. */
export function freshImages(
  cluster: Cluster,
  dealt: readonly DealtPoolKey[],
  statements: readonly SignedStatement[],
): Map<string, Uint8Array>[] {
  return cluster.voteSeeds.map((_, i) => {
    const image = new Map<string, Uint8Array>();
    for (const { keyId, shares } of dealt) {
      const share = shares[i];
      if (share !== undefined) tableRow(image, records.poolShares, keyId, { share });
    }
    for (const signed of statements) {
      const { mutations } = applyStatement({ get: () => undefined }, signed);
      for (const { table, key, value } of mutations) tableRow(image, table, key, value);
    }
    return image;
  });
}

const cache = new Map<string, Genesis>();
export const GENESIS_SETTINGS: Partial<WorkloadSettings> = { heartbeatMs: 2000 };

/**
 * The starting point for a topology and group, made once per process from a fixed
 * seed: what is varied by a run's seed comes after it.
 */
export function genesisOf(group: Group, topology: Topology, keys: PoolKeySource = "dealer"): Genesis {
  useHashesOf(group);
  const name = `${group.name} ${topologyName(topology)}`;
  const key = keys === "dealer" ? name : `${name} ${keys}`;
  let found = cache.get(key);
  if (found === undefined) {
    const make = keys === "dealer" ? makeGenesis : makeCeremonyGenesis;
    found = make(group, topology, new Prng(`genesis/${key}`));
    cache.set(key, found);
  }
  return found;
}

export function makeGenesis(group: Group, topology: Topology, prng: Prng): Genesis {
  const cluster = makeCluster(group, prng.fork("cluster"), topology);
  const dealt = dealPoolKeys(cluster, prng.fork("dealer"), POOL_KEYS);
  const [first, ...spare] = dealt;
  if (first === undefined) throw new Error("no pool key was dealt");
  const ticket = makeTicket(cluster, prng.fork("ticket"));
  const { state } = enrollingState(cluster, prng.fork("workload"), first, ticket);
  const world = genesisWorld(cluster, prng, dealt, 0);
  world.run(300);
  const agent = world.newAgent("genesis");
  agent.file.restore(encodeState(state));
  agent.boot();
  return finished(world, cluster, agent, () => spare);
}

/** The same on keys that the production pool made, with a workload that reserved one of them over the wire. */
export function makeCeremonyGenesis(group: Group, topology: Topology, prng: Prng): Genesis {
  const cluster = makeCluster(group, prng.fork("cluster"), topology);
  const world = genesisWorld(cluster, prng, [], CEREMONY_KEYS_PER_ORACLE);
  awaitCeremony(world);
  const agent = joinWorkload(world, cluster, prng.fork("ticket"), "genesis");
  return finished(world, cluster, agent, ceremonyKeys);
}

function genesisWorld(
  cluster: Cluster,
  prng: Prng,
  dealt: readonly DealtPoolKey[],
  poolKeysPerOracle: number,
): World {
  const world = new World({
    seed: `${prng.seed}/world`,
    cluster,
    images: freshImages(cluster, dealt, [workloadStatement(cluster)]),
    settings: GENESIS_SETTINGS,
    wire: true,
    poolKeysPerOracle,
  });
  world.bootOracles();
  return world;
}

/** Waits until the instance has ratcheted everywhere, stops everything and keeps the disks. */
function finished(
  world: World,
  cluster: Cluster,
  agent: AgentProcess,
  spareOf: (images: readonly DiskImage[]) => readonly DealtPoolKey[],
): Genesis {
  const enrolled = (): Enrollment | undefined =>
    agent.state?.phase.kind === "live" ? agent.state.phase.enrollment : undefined;
  const settled = (): boolean => {
    const instance = enrolled()?.signed.header.instance;
    return world.oracles.every((oracle) => {
      const record = instance === undefined ? undefined : oracle.record(instance);
      const headSeq = record?.head?.signed.header.seq ?? 0;
      return headSeq >= 1 && record?.shares.some((share) => share.version >= 1) === true;
    });
  };
  if (!world.runUntil(settled, 60_000)) throw new Error("the genesis instance did not enroll");
  world.run(500);
  const stateFile = agent.file.image();
  const enrollment = enrolled();
  if (stateFile === undefined || enrollment === undefined)
    throw new Error("the genesis instance left no state");
  agent.crash();
  world.run(1500);
  const { instance } = enrollment.signed.header;
  const { identityKey } = constantsOf(cluster.group, enrollment);
  const images = world.oracles.map(({ store }) => store.image());
  return { cluster, images, stateFile, instance, identityKey, spare: spareOf(images) };
}
