import { toHex } from "../../src/bytes.ts";
import { deriveKeyId, verifyPoolKey } from "../../src/dkg/index.ts";
import { isShareOf } from "../../src/frost/index.ts";
import type { Scalar } from "../../src/group/index.ts";
import { ceremonies, freeKeys, poolKeys } from "../../src/host/pool-records.ts";
import { poolKeyRoster } from "../../src/session/enroll-check.ts";
import { poolShares } from "../../src/session/oracle/records.ts";
import { anyGroup } from "../group/backends.ts";
import type { PoolCluster } from "./pool-cluster.ts";

/** Key ids of all certified keys whose owner would hand them out. */
export function freeOf(cluster: PoolCluster): string[] {
  return cluster.members.flatMap(({ core }) => core.view.scan(freeKeys, 10_000).map(([id]) => toHex(id)));
}

/** What is wrong with the pool as it stands when nothing is under way: empty means nothing. */
export function wrongs(cluster: PoolCluster): string[] {
  const out: string[] = [];
  const n = cluster.members.length;
  const roster = poolKeyRoster(cluster.roster);
  const free = freeOf(cluster);
  if (new Set(free).size !== free.length) out.push("a key is free at two owners");
  for (const { id: owner, core } of cluster.members) {
    if (core.view.scan(ceremonies, 10).length > 0)
      out.push(`oracle ${owner} has a ceremony that is not over`);
    const shares = core.view.scan(poolShares, 10_000);
    for (const [keyId] of core.view.scan(freeKeys, 10_000)) {
      const key = core.view.get(poolKeys, keyId);
      if (key === undefined || toHex(deriveKeyId(key)) !== toHex(keyId)) {
        out.push(`oracle ${owner} lost a pool key`);
        continue;
      }
      if ((key.index % n) + 1 !== owner) out.push(`oracle ${owner} has another's key`);
      const commitments = verifyPoolKey(anyGroup, roster, key);
      for (const { id, core: holder } of cluster.members) {
        const share = holder.view.get(poolShares, keyId)?.share;
        if (share === undefined) out.push(`oracle ${id} lacks its share of a certified key`);
        else if (!isShareOf(anyGroup, commitments, id, share as Scalar))
          out.push(`oracle ${id} has a wrong share`);
      }
    }
    const others = cluster.members.map(({ core: peer }) => peer.view.scan(poolShares, 10_000).length);
    if (others.some((count) => count !== shares.length)) out.push(`oracles hold ${others.join("/")} shares`);
  }
  return [...new Set(out)];
}
