import { IpseError } from "../../errors.ts";
import type { Scalar } from "../../group/group.ts";
import { put } from "../../host/table.ts";
import { SHARE_VERSIONS_MAX } from "../../limits.ts";
import { accept, checkRatchet } from "../../ratchet/index.ts";
import type { Body } from "../body.ts";
import { headerHash, type SignedHeader } from "../header.ts";
import { type SignedVote, type Vote, voteInput } from "../vote.ts";
import type { OracleContext } from "./context.ts";
import type { InstanceDraft } from "./draft.ts";
import { SELF_KEY, self } from "./records.ts";

/** This oracle's durable facts; what a fresh store means by default. */
export function selfOf(context: OracleContext) {
  return context.view.get(self, SELF_KEY) ?? { counter: 0, fenced: false, fencedReason: "" };
}

/** The share of a version, if I hold it. */
export function shareAt(draft: InstanceDraft, version: number): Scalar | undefined {
  return draft.record.shares.find((held) => held.version === version)?.share as Scalar | undefined;
}

/**
 * Applies a step's ratchet to my share: true when I now hold the step's version.
 * A bad or missing A_i changes nothing; it costs share_ok, not the vote.
 */
function takeShare(
  draft: InstanceDraft,
  signed: SignedHeader,
  body: Body,
  delta: Uint8Array | undefined,
): boolean {
  const { shareVersion } = signed.header;
  if (shareAt(draft, shareVersion) !== undefined) return true;
  const { oracle, group } = draft.context;
  const base = body.ratchet?.bases[oracle - 1];
  if (body.ratchet === undefined || base === undefined || delta === undefined) return false;
  const share = shareAt(draft, base);
  if (share === undefined || draft.record.shares.length >= SHARE_VERSIONS_MAX) return false;
  try {
    const { threshold, identityKey } = draft.constants;
    const claim = { threshold, groupPublicKey: identityKey, commitments: body.ratchet.commitments };
    const next = accept(group, { identifier: oracle, share, delta, commitments: checkRatchet(group, claim) });
    draft.change({ shares: [...draft.record.shares, { version: shareVersion, share: next }] });
    return true;
  } catch (error) {
    if (!(error instanceof IpseError)) throw error;
    draft.effect({ kind: "alert", code: "ratchet.bad-dealing", instance: draft.id });
    return false;
  }
}

function signVote(draft: InstanceDraft, header: SignedHeader["header"], shareOk: boolean): SignedVote {
  const { context } = draft;
  const mine = selfOf(context);
  const counter = mine.counter + 1;
  draft.mutate(put(self, SELF_KEY, { ...mine, counter }));
  const newest = draft.record.shares.reduce((max, held) => Math.max(max, held.version), 0);
  const vote: Vote = {
    version: 1,
    oracle: context.oracle,
    rosterHash: header.rosterHash,
    instance: header.instance,
    seq: header.seq,
    headerHash: headerHash(header),
    shareOk,
    shareVersion: shareOk ? header.shareVersion : newest,
    counter,
  };
  return { vote, signature: context.voteKey.sign(voteInput(vote)) };
}

/**
 * Votes for a header (R2: one per instance and seq; the caller has checked that
 * there is none for another hash). The vote, its counter, the step and the new
 * share are one mutation set: durable before the vote leaves (P2).
 */
export function castVote(
  draft: InstanceDraft,
  signed: SignedHeader,
  body: Body | undefined,
  delta: Uint8Array | undefined,
): SignedVote {
  const shareOk = body === undefined || takeShare(draft, signed, body, delta);
  const vote = signVote(draft, signed.header, shareOk);
  draft.change({ vote: { signed, body, vote } });
  return vote;
}

/** The same vote again (a fenced oracle shows none); a resent STEP may raise its share_ok from false to true, under a new counter. */
export function repeatVote(
  draft: InstanceDraft,
  body: Body,
  delta: Uint8Array | undefined,
): SignedVote | undefined {
  const { vote } = draft.record;
  if (vote === undefined || selfOf(draft.context).fenced) return undefined;
  if (vote.vote.vote.shareOk || !takeShare(draft, vote.signed, body, delta)) return vote.vote;
  return castVote(draft, vote.signed, body, undefined);
}
