import type { View } from "../host/table.ts";
import { statements } from "./registry.ts";
import type { Resource, StatementPayload, Workload } from "./statement.ts";
import { SUBJECT_TAGS, subjectKey } from "./subject.ts";

/** Up to `limit` workloads or resources that exist, in the table's order, after the one named. */
function listOf<K extends "workload" | "resource">(
  view: Pick<View, "scan">,
  kind: K,
  limit: number,
  after: Uint8Array | undefined,
): Extract<StatementPayload, { kind: K }>[] {
  const out: Extract<StatementPayload, { kind: K }>[] = [];
  const start = Uint8Array.of(SUBJECT_TAGS[kind]);
  let last = after;
  while (out.length < limit) {
    const page = view.scan(statements, limit, start, last);
    for (const [key, { statement }] of page) {
      last = key;
      const { payload } = statement;
      if (payload.kind === kind && !payload.deleted && out.length < limit)
        out.push(payload as Extract<StatementPayload, { kind: K }>);
    }
    if (page.length < limit) break;
  }
  return out;
}

export function listWorkloads(view: Pick<View, "scan">, limit: number, after?: string): Workload[] {
  const key = after === undefined ? undefined : subjectKey({ kind: "workload", spiffeId: after });
  return listOf(view, "workload", limit, key);
}

export function listResources(view: Pick<View, "scan">, limit: number, after?: string): Resource[] {
  const key = after === undefined ? undefined : subjectKey({ kind: "resource", url: after });
  return listOf(view, "resource", limit, key);
}
