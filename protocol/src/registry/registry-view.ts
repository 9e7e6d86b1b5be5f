import type { Hash } from "../encoding/index.ts";
import type { View } from "../host/table.ts";
import { isTicketRevoked, standingOf, statements, workloadOf } from "./registry.ts";
import type { InstanceAction, Resource, SignedStatement, StatementPayload, Workload } from "./statement.ts";
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

/** The registry in the form in which the session machine asks it. */
export interface MachineRegistry {
  workload(spiffeId: string): Workload | undefined;
  /** The word that decides on an instance; `release` is its newest release number, whatever the action. */
  instanceAction(instance: Hash): InstanceAction | undefined;
  instanceStatement(instance: Hash): SignedStatement | undefined;
  ticketRevoked(ticketId: Uint8Array): boolean;
}

export function machineRegistry(view: Pick<View, "get">): MachineRegistry {
  return {
    workload: (spiffeId) => workloadOf(view, spiffeId),
    instanceAction: (instance) => {
      const { by, release } = standingOf(view, instance);
      const payload = by?.statement.payload;
      return payload?.kind === "instance" ? { ...payload, release } : undefined;
    },
    instanceStatement: (instance) => standingOf(view, instance).by,
    ticketRevoked: (ticketId) => isTicketRevoked(view, ticketId),
  };
}
