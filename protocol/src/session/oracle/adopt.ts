import { equalBytes } from "../../bytes.ts";
import { IpseError } from "../../errors.ts";
import { remove } from "../../host/table.ts";
import { RETENTION_MS, RETENTION_STEPS_MIN } from "../../limits.ts";
import type { CertifiedHeader, ProvenHeader } from "../certified.ts";
import { chainInput, evidenceInput, headerHash } from "../header.ts";
import { follows } from "../step-check.ts";
import { type Certificate, verifyCertificate, votesOf, voteVerifies } from "../vote.ts";
import type { InstanceDraft } from "./draft.ts";
import { fork, storeUndecided } from "./fork.ts";
import { histories, historyKey } from "./records.ts";

/** History entries looked at per adopted step; above 1, so that pruning catches up. */
const PRUNE_STEPS = 4;

/** Whether a header is this instance's, under its roster. */
function isOurs(
  draft: InstanceDraft,
  { instance, rosterHash }: CertifiedHeader["signed"]["header"],
): boolean {
  return equalBytes(instance, draft.id) && equalBytes(rosterHash, draft.record.constants.rosterHash);
}

/**
 * Whether a certified header is one, as far as I can tell: its certificate, the
 * evidence key and, where I hold the parent, the chain key. What I hold already
 * (same hash) needs no second look.
 */
export function certifiedVerifies(draft: InstanceDraft, certified: CertifiedHeader): boolean {
  const { header } = certified.signed;
  if (!isOurs(draft, header)) return false;
  const held = draft.certifiedAt(header.seq);
  if (held !== undefined && equalBytes(headerHash(held.signed.header), headerHash(header))) return true;
  const parent = header.seq > 0 ? draft.certifiedAt(header.seq - 1) : undefined;
  if (parent !== undefined && follows(header, parent.signed.header)) {
    const { nextChainKey } = parent.signed.header;
    const { ed25519 } = draft.context.group;
    if (!ed25519.verify(nextChainKey, chainInput(header), certified.signed.chainSignature)) return false;
  }
  return certificateStands(draft, certified);
}

/**
 * Whether a header is under the evidence key and its certificate verifies, whatever I hold: a quorum has checked
 * the chain key, so a chain signature that somebody broke on the way takes nothing from it.
 */
export function certificateStands(draft: InstanceDraft, certified: CertifiedHeader): boolean {
  const { header, evidenceSignature } = certified.signed;
  const { rosterHash, evidenceKey } = draft.record.constants;
  const { group } = draft.context;
  const roster = draft.context.roster(rosterHash);
  if (roster === undefined || !isOurs(draft, header)) return false;
  if (!group.ed25519.verify(evidenceKey, evidenceInput(header), evidenceSignature)) return false;
  try {
    verifyCertificate(group, roster, certified.qc, header);
    return true;
  } catch (error) {
    if (error instanceof IpseError) return false;
    throw error;
  }
}

/** Keeps only these share versions; the others are wiped from memory once they are gone from the disk. */
function keepShares(draft: InstanceDraft, keeps: (version: number) => boolean): void {
  const { shares } = draft.record;
  const erased = shares.filter(({ version }) => !keeps(version));
  if (erased.length === 0) return;
  draft.change({ shares: shares.filter(({ version }) => keeps(version)) });
  draft.effect({ kind: "wipe", secrets: erased.map(({ share }) => share) });
}

/**
 * A certified body that I voted for names my base b: the workload can only name b or this step's version from
 * now on (SPEC section 6).
 */
function eraseByBase(draft: InstanceDraft, certified: CertifiedHeader): void {
  const { record, context } = draft;
  const { shareVersion } = certified.signed.header;
  const { vote } = record;
  const same =
    vote !== undefined && equalBytes(headerHash(vote.signed.header), headerHash(certified.signed.header));
  const base = same ? vote.body?.ratchet?.bases[context.oracle - 1] : undefined;
  if (base !== undefined) keepShares(draft, (version) => version >= shareVersion || version === base);
}

/**
 * Erases what is older than my head's share version, on the workload's own word (COMMIT, or CERT under the chain
 * key) that it holds a certificate with my share_ok vote. Anybody can make a certificate of votes; from one that
 * the workload has not got it would not know that my base moved, and my share would be lost for good.
 */
export function eraseByWord(draft: InstanceDraft, qc: Certificate): void {
  const { context, record } = draft;
  const { head } = record;
  const roster = context.roster(record.constants.rosterHash);
  if (head === undefined || roster === undefined) return;
  const { header } = head.signed;
  if (record.shares.every(({ version }) => version >= header.shareVersion)) return;
  const mine = votesOf(qc).find(({ vote }) => vote.oracle === context.oracle && vote.shareOk);
  const about = mine !== undefined && equalBytes(mine.vote.headerHash, headerHash(header));
  if (!about || !voteVerifies(context.group, roster, mine)) return;
  keepShares(draft, (version) => version >= header.shareVersion);
}

/** Drops history beyond retention: older than 24 h AND more than N steps back. */
function prune(draft: InstanceDraft, headSeq: number): void {
  let { prunedBelow } = draft.record;
  const limit = headSeq - RETENTION_STEPS_MIN;
  for (let i = 0; i < PRUNE_STEPS && prunedBelow < limit; i++) {
    const key = historyKey(draft.id, prunedBelow);
    const old = draft.context.view.get(histories, key);
    if (old !== undefined) {
      if (draft.context.nowMs - old.adoptedAtMs < RETENTION_MS) break;
      draft.mutate(remove(histories, key));
    }
    prunedBelow += 1;
  }
  if (prunedBelow === draft.record.prunedBelow) return;
  // Nobody answers any more for what was never decided so long ago.
  const undecided = draft.record.undecided.filter(({ signed }) => signed.header.seq >= prunedBelow);
  draft.change({ prunedBelow, undecided });
}

/** Settles the undecided headers of a seq whose certified header is now known. */
function settle(draft: InstanceDraft, certified: CertifiedHeader): void {
  const { seq } = certified.signed.header;
  const hash = headerHash(certified.signed.header);
  const rest: ProvenHeader[] = [];
  const forking: ProvenHeader[] = [];
  for (const proven of draft.record.undecided) {
    if (proven.signed.header.seq !== seq) rest.push(proven);
    else if (!equalBytes(headerHash(proven.signed.header), hash)) forking.push(proven);
  }
  if (rest.length + forking.length !== draft.record.undecided.length)
    draft.change({ undecided: [...rest, ...forking] });
  const [first] = forking;
  if (first !== undefined) fork(draft, first.parent, certified.signed, first.signed);
}

function advance(draft: InstanceDraft, certified: CertifiedHeader): void {
  const { header } = certified.signed;
  const { vote, head } = draft.record;
  const hash = headerHash(header);
  const votedHere = vote !== undefined && equalBytes(headerHash(vote.signed.header), hash);
  if (
    vote !== undefined &&
    head !== undefined &&
    vote.signed.header.seq > head.signed.header.seq &&
    !votedHere
  ) {
    storeUndecided(draft, { signed: vote.signed, parent: head });
  }
  // A certified step that does not build on my certified head: one seq has two certified headers (more than b faults).
  // What peers hold at my head's seq is fetched and meets the FORK row.
  if (head !== undefined && !follows(header, head.signed.header))
    draft.effect({ kind: "fetch", instance: draft.id, seq: head.signed.header.seq });
  eraseByBase(draft, certified);
  draft.change({ head: certified, ...(votedHere ? {} : { vote: undefined }) });
  if (header.kind === "end" && draft.record.status !== "revoked") draft.change({ status: "ended" });
  draft.keep(certified);
  settle(draft, certified);
  prune(draft, header.seq);
  draft.effect({ kind: "moved", instance: draft.id });
}

/**
 * Takes in a certified header that `certifiedVerifies` accepted: moves the head
 * forward (by any number of steps), fills a hole of the history, or finds that two
 * headers of one seq were certified (more than b faults; the FORK row runs).
 */
export function adopt(draft: InstanceDraft, certified: CertifiedHeader): void {
  const { header } = certified.signed;
  if (header.seq > draft.headSeq) return advance(draft, certified);
  const held = draft.certifiedAt(header.seq);
  if (held === undefined) {
    if (header.seq < draft.record.prunedBelow) return;
    draft.keep(certified);
    return settle(draft, certified);
  }
  if (equalBytes(headerHash(held.signed.header), headerHash(header))) return;
  draft.effect({ kind: "alert", code: "certified.twice", instance: draft.id });
  const parent = draft.certifiedAt(header.seq - 1);
  if (parent !== undefined) fork(draft, parent, held.signed, certified.signed);
}
