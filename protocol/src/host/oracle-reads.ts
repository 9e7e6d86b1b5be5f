import type { Hash } from "../encoding/index.ts";
import { endpointOf, resourceOf, statements, workloadOf } from "../registry/registry.ts";
import { listResources, listWorkloads } from "../registry/registry-view.ts";
import type { Endpoint, Resource, SignedStatement, Workload } from "../registry/statement.ts";
import { subjectKey } from "../registry/subject.ts";
import type { CertifiedHeader } from "../session/certified.ts";
import type { Enrollment } from "../session/enroll.ts";
import type { Equivocation, ForkEvidence } from "../session/evidence.ts";
import { records, workloadPrefix } from "../session/oracle/index.ts";
import type { InstanceSummary } from "./oracle-api.ts";
import type { OracleCore } from "./oracle-core.ts";
import type { PageReader } from "./pages.ts";
import type { StoreView } from "./store-view.ts";

/** Rows one read may return, whatever is asked for. */
const ROWS_MAX = 1000;

function summary(record: records.InstanceRecord): InstanceSummary {
  const { constants, status, release, head, reason } = record;
  return {
    instance: constants.instance,
    spiffeId: constants.spiffeId,
    status,
    release,
    headSeq: head?.signed.header.seq,
    shareVersion: head?.signed.header.shareVersion,
    identityKey: constants.identityKey,
    reason,
  };
}

/** What an oracle's edge may ask of its records; nothing here writes. */
export class OracleReads {
  readonly #view: StoreView;
  readonly #page: PageReader;

  constructor({ view, page }: Pick<OracleCore, "view" | "page">) {
    this.#view = view;
    this.#page = page;
  }

  instances(limit: number, after: Hash | undefined, done: (found: InstanceSummary[]) => void): void {
    this.#page(records.instances, { limit: Math.min(limit, ROWS_MAX), after }, ({ rows }) =>
      done(rows.map(([, record]) => summary(record))),
    );
  }

  instance(id: Hash): InstanceSummary | undefined {
    const record = this.#view.get(records.instances, id);
    return record === undefined ? undefined : summary(record);
  }

  instanceByKid(kid: Uint8Array): InstanceSummary | undefined {
    const found = this.#view.get(records.kidIndex, kid);
    return found === undefined ? undefined : this.instance(found.instance);
  }

  instancesOf(spiffeId: string, limit: number, done: (found: InstanceSummary[]) => void): void {
    const range = { limit: Math.min(limit, ROWS_MAX), start: workloadPrefix(spiffeId) };
    this.#page(records.workloadIndex, range, ({ rows }) =>
      done(rows.flatMap(([, { instance }]) => this.instance(instance) ?? [])),
    );
  }

  enrollment(id: Hash): Enrollment | undefined {
    return this.#view.get(records.enrollments, id);
  }

  /** Certified headers, newest first, below `belowSeq`. */
  history(id: Hash, limit: number, belowSeq?: number): CertifiedHeader[] {
    const head = this.#view.get(records.instances, id)?.head;
    if (head === undefined) return [];
    const found: CertifiedHeader[] = [];
    const top = Math.min(belowSeq ?? Number.MAX_SAFE_INTEGER, head.signed.header.seq + 1);
    for (
      let seq = top - 1;
      seq >= 0 && found.length < Math.min(limit, ROWS_MAX) && top - seq < 4 * ROWS_MAX;
      seq--
    ) {
      const held = this.#view.get(records.histories, records.historyKey(id, seq))?.certified;
      if (held !== undefined) found.push(held);
    }
    return found;
  }

  evidence(id: Hash): ForkEvidence | undefined {
    return this.#view.get(records.forks, id);
  }

  equivocations(): Equivocation[] {
    return this.#view.scan(records.equivocations, ROWS_MAX).map(([, value]) => value);
  }

  workload(spiffeId: string): Workload | undefined {
    return workloadOf(this.#view, spiffeId);
  }

  workloads(limit: number, after: string | undefined, done: (found: Workload[]) => void): void {
    listWorkloads(this.#page, Math.min(limit, ROWS_MAX), after, done);
  }

  resource(url: string): Resource | undefined {
    return resourceOf(this.#view, url);
  }

  resources(limit: number, after: string | undefined, done: (found: Resource[]) => void): void {
    listResources(this.#page, Math.min(limit, ROWS_MAX), after, done);
  }

  endpoint(oracle: number): Endpoint | undefined {
    return endpointOf(this.#view, oracle);
  }

  endpointStatement(oracle: number): SignedStatement | undefined {
    return this.#view.get(statements, subjectKey({ kind: "endpoint", oracle }));
  }
}
