import { equalBytes } from "../../bytes.ts";
import type { Hash } from "../../encoding/index.ts";
import type { Point } from "../../group/group.ts";
import { type Mutation, put } from "../../host/table.ts";
import type { CertifiedHeader, ProvenHeader } from "../certified.ts";
import type { Enrollment } from "../enroll.ts";
import type { InstanceConstants } from "../enroll-check.ts";
import { headerHash, type SignedHeader } from "../header.ts";
import type { OracleContext, OracleEffect, Outcome } from "./context.ts";
import {
  endedIndex,
  enrollments,
  histories,
  historyKey,
  type InstanceRecord,
  instances,
  openIndex,
} from "./records.ts";

/** Every header of a record that is not decided yet: my vote above the head, and what others showed me. */
export function openHeaders(record: InstanceRecord): ProvenHeader[] {
  const { head, vote, undecided } = record;
  const mine = vote !== undefined && head !== undefined && vote.signed.header.seq > head.signed.header.seq;
  return mine ? [...undecided, { signed: vote.signed, parent: head }] : [...undecided];
}

/** Whether an instance is over, for good. */
const isOver = (record: InstanceRecord | undefined): boolean =>
  record?.status === "revoked" || record?.status === "ended";

/**
 * One step of one instance in the making: the record as it will be, the other
 * mutations, the effects. Nothing leaves it but through `outcome`.
 */
export class InstanceDraft {
  readonly context: OracleContext;
  readonly id: Hash;
  record: InstanceRecord;
  /** Evidence was found in this step: one is kept. */
  forked = false;
  readonly #before: InstanceRecord | undefined;
  readonly #mutations: Mutation[] = [];
  readonly #effects: OracleEffect[] = [];
  readonly #histories = new Map<number, CertifiedHeader>();

  constructor(context: OracleContext, id: Hash, record: InstanceRecord, isNew = false) {
    this.context = context;
    this.id = id;
    this.record = record;
    this.#before = isNew ? undefined : record;
  }

  static load(context: OracleContext, id: Hash): InstanceDraft | undefined {
    const record = context.view.get(instances, id);
    return record === undefined ? undefined : new InstanceDraft(context, id, record);
  }

  get constants(): InstanceConstants {
    const { constants } = this.record;
    // Decoded when the instance enrolled.
    return constants as typeof constants & { readonly identityKey: Point };
  }

  get headSeq(): number {
    return this.record.head?.signed.header.seq ?? -1;
  }

  change(fields: Partial<InstanceRecord>): void {
    this.record = { ...this.record, ...fields };
  }

  mutate(mutation: Mutation): void {
    this.#mutations.push(mutation);
  }

  effect(effect: OracleEffect): void {
    this.#effects.push(effect);
  }

  /** The certified header I hold at a seq. */
  certifiedAt(seq: number): CertifiedHeader | undefined {
    const { head } = this.record;
    if (head !== undefined && head.signed.header.seq === seq) return head;
    const kept = this.#histories.get(seq);
    // The history ends at the head: above it there is nothing to look up.
    if (kept !== undefined || seq > this.headSeq) return kept;
    return this.context.view.get(histories, historyKey(this.id, seq))?.certified;
  }

  keep(certified: CertifiedHeader): void {
    const { seq } = certified.signed.header;
    this.#histories.set(seq, certified);
    const record = { certified, adoptedAtMs: this.context.nowMs };
    this.mutate(put(histories, historyKey(this.id, seq), record));
  }

  /** Every header I hold at a seq, certified, voted or undecided, once each. */
  headersAt(seq: number): SignedHeader[] {
    const { vote, undecided } = this.record;
    const found: SignedHeader[] = [];
    const add = (signed: SignedHeader | undefined): void => {
      if (signed === undefined || signed.header.seq !== seq) return;
      const hash = headerHash(signed.header);
      if (!found.some((other) => equalBytes(headerHash(other.header), hash))) found.push(signed);
    };
    add(this.certifiedAt(seq)?.signed);
    add(vote?.signed);
    for (const { signed } of undecided) add(signed);
    return found;
  }

  /** The instance's ENROLL, which may be part of this very step. */
  enrollment(): Enrollment | undefined {
    const learned = this.#mutations.find(({ table }) => table === enrollments)?.value;
    return (learned as Enrollment | undefined) ?? this.context.view.get(enrollments, this.id);
  }

  outcome(): Outcome {
    const mutations = [...this.#mutations];
    if (this.record !== this.#before) {
      mutations.push(put(instances, this.id, this.record));
      const had = this.#before !== undefined && openHeaders(this.#before).length > 0;
      const has = openHeaders(this.record).length > 0;
      const listed = had || this.context.view.get(openIndex, this.id) !== undefined;
      if (has && !listed) mutations.push(put(openIndex, this.id, { instance: this.id }));
      if (isOver(this.record) && !isOver(this.#before))
        mutations.push(put(endedIndex, this.id, { instance: this.id }));
    }
    return { mutations, effects: [...this.#effects] };
  }
}
