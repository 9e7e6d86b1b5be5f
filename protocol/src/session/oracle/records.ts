import { concatBytes } from "../../bytes.ts";
import {
  bool,
  constant,
  encode,
  type Infer,
  kept,
  keyword,
  list,
  optional,
  struct,
  text,
  u8,
  u32,
  u64,
} from "../../encoding/index.ts";
import { parted, pointTable, type Table, table, type View, withoutSecrets } from "../../host/table.ts";
import { hash32, key32, scalar32, spiffeId } from "../../ids.ts";
import { SHARE_VERSIONS_MAX, TEXT_BYTES_MAX, UNDECIDED_HEADERS_MAX } from "../../limits.ts";
import { body } from "../body.ts";
import { type CertifiedHeader, certifiedHeader, provenHeader } from "../certified.ts";
import { enrollBody, signedReservation } from "../enroll.ts";
import { equivocation, forkEvidence } from "../evidence.ts";
import { signedHeader } from "../header.ts";
import { signedStaleNotice } from "../stale.ts";
import { INSTANCE_STATUSES } from "../status.ts";
import { signedVote } from "../vote.ts";

/** What never changes about an instance, read on every step. */
const instanceConstants = kept(
  struct({
    instance: hash32,
    rosterHash: hash32,
    spiffeId,
    evidenceKey: key32,
    identityKey: key32,
    threshold: u8,
    oracleCount: u8,
  }),
);

/** My vote at head+1, or at the head once it is certified: with the body, until the next vote. */
const castVote = struct({ signed: kept(signedHeader), body: optional(body), vote: signedVote });
export type CastVote = Infer<typeof castVote>;

/** The one record that moves when an instance does; its vote lies in a row of its own. */
export const instanceRecord = struct({
  version: constant(1),
  constants: instanceConstants,
  status: keyword(INSTANCE_STATUSES),
  reason: optional(text(TEXT_BYTES_MAX)),
  release: u32,
  head: optional(certifiedHeader),
  vote: optional(castVote),
  shares: list(struct({ version: u32, share: scalar32 }), SHARE_VERSIONS_MAX),
  undecided: list(provenHeader, UNDECIDED_HEADERS_MAX),
  /** Certified headers below this seq may be pruned from the history. */
  prunedBelow: u64,
});
export type InstanceRecord = Infer<typeof instanceRecord>;

export const enrollmentRecord = struct({ signed: signedHeader, body: enrollBody });
export const historyRecord = struct({ certified: certifiedHeader, adoptedAtMs: u64 });
const ticketUseRecord = struct({ instance: hash32 });
const poolUseRecord = struct({ instance: hash32 });

/** A STEP changes the vote alone, its certificate the rest: each is written once a step. */
export const castVotes = withoutSecrets(pointTable("cast-vote", castVote));
export const instances: Table<InstanceRecord> = parted(
  pointTable("instance", instanceRecord),
  "vote",
  castVotes,
);
export const enrollments = pointTable("enrollment", enrollmentRecord);
export const histories = withoutSecrets(pointTable("history", historyRecord));
export const forks = pointTable("fork", forkEvidence);
export const staleNotices = pointTable("stale", signedStaleNotice);
export const equivocations = table("equivocation", equivocation);
/** How many of them are kept of each oracle, by its key: unlike a scan, this shows what is not durable yet. */
export const equivocationCounts = pointTable("equivocation-count", struct({ kept: u32 }));
export const ticketUses = pointTable("ticket-use", ticketUseRecord);
/** Signing shares of certified pool keys this oracle still holds, by pool key id. */
export const poolShares = table("pool-share", struct({ share: scalar32 }));
export const poolUses = pointTable("pool-use", poolUseRecord);
export const reservations = pointTable("reservation", signedReservation);
/** The newest vote seen of each oracle, my own included. */
export const newestVotes = pointTable("newest-vote", signedVote);
/** Durable facts about this oracle itself; one record, empty key. */
export const selfRecord = struct({ counter: u64, fenced: bool, fencedReason: text(TEXT_BYTES_MAX) });
export const self = pointTable("self", selfRecord);
/**
 * Instances that hold an undecided header, voted or not, so that gossip need not scan them all. A row is written with the
 * header; gossip drops it when it finds nothing undecided any more, and not each step, or busy instances would write two.
 */
export const openIndex = withoutSecrets(table("open", struct({ instance: hash32 })));
/**
 * Instances that were revoked or ended and whose receivers were not told yet: written with the status itself, so that
 * neither a crash loses one nor a start has to look for them.
 */
export const endedIndex = table("ended", struct({ instance: hash32 }));
/** Instance by SHA-256 RFC 7638 thumbprint of its identity key. */
export const kidIndex = pointTable("kid", struct({ instance: hash32 }));
/** Instances of a workload: key is hash of the SPIFFE ID, then the instance. */
export const workloadIndex = pointTable("workload-instance", struct({ instance: hash32 }));

export const SELF_KEY = new Uint8Array(0);

function seqBytes(seq: number): Uint8Array {
  return encode(u64, seq);
}

export function historyKey(instance: Uint8Array, seq: number): Uint8Array {
  return concatBytes(instance, seqBytes(seq));
}

export function ticketUseKey(ticketId: Uint8Array, use: number): Uint8Array {
  return concatBytes(ticketId, Uint8Array.of(use >> 8, use & 255));
}

export function oracleKey(oracle: number): Uint8Array {
  return Uint8Array.of(oracle >> 8, oracle & 255);
}

/** The certified header I hold at a seq: undefined where the instance is unknown, the step is a hole or pruned. */
export function certifiedAt(view: View, instance: Uint8Array, seq: number): CertifiedHeader | undefined {
  const head = view.get(instances, instance)?.head;
  if (head?.signed.header.seq === seq) return head;
  return view.get(histories, historyKey(instance, seq))?.certified;
}
