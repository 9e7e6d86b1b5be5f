import { IpseError, toBase64Url, toHex } from "@ipse/protocol";
import { encode, type Hash } from "@ipse/protocol/encoding";
import type { InstanceSummary, OracleNode } from "@ipse/protocol/host";
import { READ_PAGE_MAX, type ReadQuery, type Resource, type Workload } from "@ipse/protocol/registry";
import { certifiedHeader, forkEvidence } from "@ipse/protocol/session";

/** An instance as operators' tools see it. */
export function instanceJson(summary: InstanceSummary): Record<string, unknown> {
  return {
    instance: toHex(summary.instance),
    spiffe_id: summary.spiffeId,
    status: summary.status,
    release: summary.release,
    head_seq: summary.headSeq ?? null,
    share_version: summary.shareVersion ?? null,
    identity_key: toBase64Url(summary.identityKey),
    reason: summary.reason ?? null,
  };
}

export function workloadJson(workload: Workload): Record<string, unknown> {
  return {
    spiffe_id: workload.spiffeId,
    resources: workload.resources,
    scopes: workload.scopes,
    ttl_seconds: workload.ttlSeconds,
    on_stale: workload.onStale,
    allow_raw: workload.allowRaw,
  };
}

/** Without the credential's hash: it helps nobody who asks honestly. */
export function resourceJson(resource: Resource): Record<string, unknown> {
  return { url: resource.url };
}

function known(node: OracleNode, id: Hash): InstanceSummary {
  const found = node.instance(id);
  if (found === undefined)
    throw new IpseError("ERR_INSTANCE_NOT_FOUND", "this oracle knows no such instance");
  return found;
}

const page = (limit: number): number => Math.min(Math.max(1, limit), READ_PAGE_MAX);

/** Headers with certificates are big: fewer per page. */
const HISTORY_PAGE_MAX = 100;

function evidenceOf(node: OracleNode, id: Hash): Record<string, unknown> {
  const evidence = node.evidence(id);
  if (evidence === undefined)
    throw new IpseError("ERR_EVIDENCE_NOT_FOUND", "this oracle holds no evidence about the instance");
  return { evidence: toBase64Url(encode(forkEvidence, evidence)) };
}

function history(node: OracleNode, query: Extract<ReadQuery, { kind: "history" }>): Record<string, unknown> {
  known(node, query.instance);
  const limit = Math.min(page(query.limit), HISTORY_PAGE_MAX);
  const headers = node.history(query.instance, limit, query.belowSeq);
  return { headers: headers.map((one) => toBase64Url(encode(certifiedHeader, one))) };
}

async function instances(
  node: OracleNode,
  { limit, after, spiffeId }: Extract<ReadQuery, { kind: "instances" }>,
): Promise<Record<string, unknown>> {
  const found = await new Promise<InstanceSummary[]>((resolve) => {
    if (spiffeId === undefined) node.instances(page(limit), after, resolve);
    else if (after === undefined) node.instancesOf(spiffeId, page(limit), resolve);
    else resolve([]);
  });
  return { instances: found.map(instanceJson) };
}

async function workloads(
  node: OracleNode,
  { limit, after }: Extract<ReadQuery, { kind: "workloads" }>,
): Promise<Record<string, unknown>> {
  const found = await new Promise<Workload[]>((resolve) => node.workloads(page(limit), after, resolve));
  return { workloads: found.map(workloadJson) };
}

async function resources(
  node: OracleNode,
  { limit, after }: Extract<ReadQuery, { kind: "resources" }>,
): Promise<Record<string, unknown>> {
  const found = await new Promise<Resource[]>((resolve) => node.resources(page(limit), after, resolve));
  return { resources: found.map(resourceJson) };
}

/** Answers an operator's query, as JSON values. Rejects with ERR_*_NOT_FOUND. */
export async function answerQuery(node: OracleNode, query: ReadQuery): Promise<Record<string, unknown>> {
  switch (query.kind) {
    case "instances":
      return instances(node, query);
    case "instance":
      return instanceJson(known(node, query.instance));
    case "history":
      return history(node, query);
    case "evidence":
      return evidenceOf(node, query.instance);
    case "workloads":
      return workloads(node, query);
    case "resources":
      return resources(node, query);
    case "status":
      return { fenced: node.fenced, reasons: node.ready(), equivocations: node.equivocations().length };
  }
}
