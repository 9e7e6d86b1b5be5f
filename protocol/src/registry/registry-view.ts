import type { PageReader } from "../host/pages.ts";
import { statements } from "./registry.ts";
import type { Resource, StatementPayload, Workload } from "./statement.ts";
import { SUBJECT_TAGS, subjectKey } from "./subject.ts";

/** Finds up to `limit` workloads or resources that exist, in the table's order, after the one named. */
function listOf<K extends "workload" | "resource">(
  read: PageReader,
  kind: K,
  limit: number,
  after: Uint8Array | undefined,
  done: (found: Extract<StatementPayload, { kind: K }>[]) => void,
): void {
  const found: Extract<StatementPayload, { kind: K }>[] = [];
  const start = Uint8Array.of(SUBJECT_TAGS[kind]);
  const more = (past: Uint8Array | undefined): void =>
    read(statements, { limit, start, after: past }, ({ rows, next }) => {
      for (const [, { statement }] of rows) {
        const { payload } = statement;
        if (payload.kind === kind && !payload.deleted && found.length < limit)
          found.push(payload as Extract<StatementPayload, { kind: K }>);
      }
      if (next === undefined || found.length >= limit) done(found);
      else more(next);
    });
  more(after);
}

export function listWorkloads(
  read: PageReader,
  limit: number,
  after: string | undefined,
  done: (found: Workload[]) => void,
): void {
  const key = after === undefined ? undefined : subjectKey({ kind: "workload", spiffeId: after });
  listOf(read, "workload", limit, key, done);
}

export function listResources(
  read: PageReader,
  limit: number,
  after: string | undefined,
  done: (found: Resource[]) => void,
): void {
  const key = after === undefined ? undefined : subjectKey({ kind: "resource", url: after });
  listOf(read, "resource", limit, key, done);
}
