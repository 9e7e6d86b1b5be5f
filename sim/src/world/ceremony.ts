import { utf8 } from "@ipse/protocol";
import { deriveKeyId, type PoolKey, poolKey } from "@ipse/protocol/dkg";
import { decode } from "@ipse/protocol/encoding";
import type { Scalar } from "@ipse/protocol/group";
import { records } from "@ipse/protocol/session/oracle";
import { type DiskImage, type Prng, SimError } from "../core/index.ts";
import { type Cluster, makeTicket } from "./cluster.ts";
import type { DealtPoolKey } from "./ideal-dealer.ts";
import type { World } from "./world.ts";

/** Keys the production pool makes for each oracle in a world without the ideal dealer. */
export const CEREMONY_KEYS_PER_ORACLE = 4;

const CEREMONY_MS = 120_000;
const KEY_TABLE = String.fromCharCode(...utf8(".pool-key"), 0);
const FREE_TABLE = String.fromCharCode(...utf8("pool-free"), 0);

/** Lets the production ceremonies run until every oracle owns keys. Throws where they do not end. */
export function awaitCeremony(world: World): void {
  const filled = (): boolean => world.oracles.every(({ node }) => node?.ready().pool === undefined);
  if (!world.runUntil(filled, CEREMONY_MS))
    throw new SimError("ERR_SIM_GENESIS", "the key generation does not end");
  world.run(500);
}

/** A workload that joins as production does: it asks an owner for a reservation, then enrolls. */
export function joinWorkload(world: World, cluster: Cluster, prng: Prng, name: string) {
  const agent = world.newAgent(name);
  agent.boot(name, makeTicket(cluster, prng));
  const live = (): boolean => agent.state?.phase.kind === "live";
  if (!world.runUntil(live, 60_000)) throw new SimError("ERR_SIM_GENESIS", "the first workload cannot join");
  return agent;
}

function freeKeysOf(image: DiskImage): PoolKey[] {
  const keys: PoolKey[] = [];
  for (const name of image.keys()) {
    if (!name.startsWith(FREE_TABLE)) continue;
    const row = image.get(KEY_TABLE + name.slice(FREE_TABLE.length));
    if (row !== undefined) keys.push(decode(poolKey, row));
  }
  return keys;
}

/** What the ceremonies left on the disks that nobody has reserved: the keys, and every oracle's share of each. */
export function ceremonyKeys(images: readonly DiskImage[]): DealtPoolKey[] {
  const prefix = String.fromCharCode(...records.poolShares.prefix);
  return images.flatMap(freeKeysOf).map((key) => {
    const keyId = deriveKeyId(key);
    const row = prefix + String.fromCharCode(...keyId);
    const shares = images.flatMap((image): Scalar[] => {
      const held = image.get(row);
      return held === undefined ? [] : [decode(records.poolShares.codec, held).share as Scalar];
    });
    return { key, keyId, shares };
  });
}
