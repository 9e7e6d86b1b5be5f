import { equalBytes } from "../../bytes.ts";
import { IpseError } from "../../errors.ts";
import { put } from "../../host/table.ts";
import { UNDECIDED_HEADERS_MAX } from "../../limits.ts";
import { standingOf } from "../../registry/registry.ts";
import type { StatusProof } from "../../wire/session.ts";
import type { CertifiedHeader, ProvenHeader } from "../certified.ts";
import { type ForkEvidence, makeEvidence, verifyEvidence } from "../evidence.ts";
import { headerHash, type SignedHeader } from "../header.ts";
import type { InstanceDraft } from "./draft.ts";
import { forks, staleNotices } from "./records.ts";

/** Keeps the first valid evidence, revokes for ever, tells everybody. */
export function revokeByEvidence(draft: InstanceDraft, evidence: ForkEvidence): void {
  const { context, id } = draft;
  if (!draft.forked && context.view.get(forks, id) === undefined) {
    draft.forked = true;
    draft.mutate(put(forks, id, evidence));
    draft.effect({ kind: "gossip", item: { kind: "evidence", evidence } });
    draft.effect({ kind: "alert", code: "fork.detected", instance: id });
  }
  if (draft.record.status !== "revoked") draft.change({ status: "revoked", reason: "fork evidence" });
  draft.effect({ kind: "drop-slots", instance: id });
}

/** Stores an undecided header with its certified parent; bounded, one a hash. */
export function storeUndecided(draft: InstanceDraft, proven: ProvenHeader): void {
  const hash = headerHash(proven.signed.header);
  const { undecided } = draft.record;
  if (undecided.some(({ signed }) => equalBytes(headerHash(signed.header), hash))) return;
  if (undecided.length >= UNDECIDED_HEADERS_MAX) {
    draft.effect({ kind: "alert", code: "undecided.full", instance: draft.id });
    return;
  }
  draft.change({ undecided: [...undecided, proven] });
}

/**
 * The FORK row: two headers of one seq, both under the announced keys. Decided
 * before any policy, time or rate check. Evidence is checked by the rules a
 * stranger would use before anybody is revoked by it; where it does not stand
 * (an adopted header came with a chain signature I could not check), the instance
 * is suspended at once and the certified header is fetched again.
 */
export function fork(
  draft: InstanceDraft,
  parent: CertifiedHeader,
  one: SignedHeader,
  other: SignedHeader,
): void {
  const enrollment = draft.enrollment();
  const roster = draft.context.roster(draft.record.constants.rosterHash);
  if (enrollment === undefined || roster === undefined)
    throw new IpseError("ERR_INTERNAL", "an instance without its enrollment");
  const evidence = makeEvidence(enrollment, parent, one, other);
  try {
    verifyEvidence(draft.context.group, roster, evidence);
  } catch {
    if (draft.record.status === "active") {
      draft.change({ status: "suspect", reason: "fork seen, evidence incomplete" });
      draft.effect({ kind: "alert", code: "fork.suspected", instance: draft.id });
    }
    draft.effect({ kind: "drop-slots", instance: draft.id });
    draft.effect({ kind: "fetch", instance: draft.id, seq: one.header.seq });
    return;
  }
  revokeByEvidence(draft, evidence);
}

/** A header that I hold at the same seq and that is another one. */
export function otherThan(draft: InstanceDraft, { header }: SignedHeader): SignedHeader | undefined {
  const hash = headerHash(header);
  return draft.headersAt(header.seq).find((held) => !equalBytes(headerHash(held.header), hash));
}

/** Runs the FORK row for a header against everything I hold at its seq; true when it forked. */
export function forkRow(draft: InstanceDraft, signed: SignedHeader, parent: CertifiedHeader): boolean {
  const other = otherThan(draft, signed);
  if (other === undefined) return false;
  storeUndecided(draft, { signed, parent });
  fork(draft, parent, other, signed);
  return true;
}

/** What proves why an instance is not served; undefined where only this oracle's word stands. */
export function proofOf(draft: InstanceDraft): StatusProof | undefined {
  const { view } = draft.context;
  const evidence = view.get(forks, draft.id);
  if (evidence !== undefined) return { kind: "fork", evidence };
  const standing = standingOf(view, draft.id);
  // A release in force explains nothing; a notice behind it does.
  if (standing.status !== "active" && standing.by !== undefined) {
    return { kind: "statement", statement: standing.by };
  }
  const notice = view.get(staleNotices, draft.id);
  return notice === undefined ? undefined : { kind: "stale", notice };
}
