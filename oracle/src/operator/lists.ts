import { fromHex } from "@ipse/protocol";
import { READ_PAGE_MAX } from "@ipse/protocol/registry";
import { type Merged, mergeLists, reachedBy } from "./agree.ts";
import type { Cluster } from "./cluster.ts";
import { type Answer, readAll, readPages } from "./read.ts";
import type { Refusal } from "./submit.ts";

/** A workload as an oracle's read answers it. */
export interface WorkloadItem {
  readonly spiffe_id: string;
  readonly resources: readonly string[];
  readonly scopes: readonly string[];
  readonly ttl_seconds: number;
  readonly on_stale: string;
  readonly allow_raw: boolean;
}

export interface ResourceItem {
  readonly url: string;
}

/** An instance as an oracle's read answers it. */
export interface InstanceItem {
  readonly instance: string;
  readonly spiffe_id: string;
  readonly status: string;
  readonly release: number;
  readonly head_seq: number | null;
  readonly share_version: number | null;
  readonly identity_key: string;
  readonly reason: string | null;
}

export interface Found<T> {
  readonly merged: Merged<T>;
  readonly failed: readonly Refusal[];
}

export async function findWorkloads(cluster: Cluster, need: number): Promise<Found<WorkloadItem>> {
  const { answers, failed } = await readAll(cluster, (endpoint) =>
    readPages<WorkloadItem>(
      cluster,
      endpoint,
      "workloads",
      (last) => ({ kind: "workloads", limit: READ_PAGE_MAX, after: last?.spiffe_id }),
      READ_PAGE_MAX,
    ),
  );
  return { merged: mergeLists(answers, need, (one) => one.spiffe_id, JSON.stringify), failed };
}

export async function findResources(cluster: Cluster, need: number): Promise<Found<ResourceItem>> {
  const { answers, failed } = await readAll(cluster, (endpoint) =>
    readPages<ResourceItem>(
      cluster,
      endpoint,
      "resources",
      (last) => ({ kind: "resources", limit: READ_PAGE_MAX, after: last?.url }),
      READ_PAGE_MAX,
    ),
  );
  return { merged: mergeLists(answers, need, (one) => one.url, JSON.stringify), failed };
}

/** What is worse about an instance counts as soon as b+1 oracles say it. */
const SEVERITY = ["active", "suspect", "quarantined", "ended", "revoked"];

/** Heads move while oracles are asked: they are no part of what must be equal. */
function claim({ instance, spiffe_id, status, release, identity_key }: InstanceItem): string {
  return JSON.stringify([instance, spiffe_id, status, release, identity_key]);
}

/** The head that `need` of the oracles reach, with the rest of what they agree on. */
function withHead(
  item: InstanceItem,
  answers: readonly Answer<readonly InstanceItem[]>[],
  need: number,
): InstanceItem {
  const same = answers.flatMap(({ value }) => value.filter((one) => one.instance === item.instance));
  const heads = same.flatMap(({ head_seq }) => head_seq ?? []);
  const versions = same.flatMap(({ share_version }) => share_version ?? []);
  if (heads.length < need) return { ...item, head_seq: null, share_version: null };
  return { ...item, head_seq: reachedBy(heads, need), share_version: reachedBy(versions, need) };
}

export async function findInstances(cluster: Cluster, need: number): Promise<Found<InstanceItem>> {
  const { answers, failed } = await readAll(cluster, (endpoint) =>
    readPages<InstanceItem>(
      cluster,
      endpoint,
      "instances",
      (last) => ({
        kind: "instances",
        limit: READ_PAGE_MAX,
        after: last === undefined ? undefined : fromHex(last.instance),
        spiffeId: undefined,
      }),
      READ_PAGE_MAX,
    ),
  );
  const rank = ({ status }: InstanceItem): number => SEVERITY.indexOf(status);
  const merged = mergeLists(answers, need, (one) => one.instance, claim, rank);
  const agreed = merged.agreed.map((one) => ({ ...one, value: withHead(one.value, answers, need) }));
  return { merged: { ...merged, agreed }, failed };
}
