import { equalBytes } from "../bytes.ts";
import {
  bool,
  carried,
  constant,
  type Infer,
  list,
  signingInput,
  struct,
  u32,
  u64,
} from "../encoding/index.ts";
import { check } from "../errors.ts";
import type { Group } from "../group/group.ts";
import { hash32, oracleId, signature64 } from "../ids.ts";
import { ORACLES_MAX } from "../limits.ts";
import { type Roster, rosterHash, voteKeyOf } from "../registry/roster.ts";
import { type Header, headerHash } from "./header.ts";

/**
 * What an oracle's vote key signs. `shareOk`: this oracle holds, durably, a share
 * of the step's share version. `shareVersion`: the newest version it holds.
 * `counter`: its durable vote counter, the proof against its own rollback.
 */
export const vote = struct({
  version: constant(1),
  oracle: oracleId,
  rosterHash: hash32,
  instance: hash32,
  seq: u64,
  headerHash: hash32,
  shareOk: bool,
  shareVersion: u32,
  counter: u64,
});
export type Vote = Infer<typeof vote>;

export const signedVote = struct({ vote, signature: signature64 });
export type SignedVote = Infer<typeof signedVote>;

/** The bytes a vote key signs for a vote. */
export const voteInput: (value: Vote) => Uint8Array = carried((value) =>
  signingInput("ipse/v1/vote", vote, value),
);

/** Whether a vote is signed by the oracle it names under this roster. */
export function voteVerifies(group: Group, roster: Roster, signed: SignedVote): boolean {
  const key = voteKeyOf(roster, signed.vote.oracle);
  return key !== undefined && group.ed25519.verify(key, voteInput(signed.vote), signed.signature);
}

/** One vote inside a certificate: what all votes share stands once, beside them. */
const certificateVote = struct({
  oracle: oracleId,
  shareOk: bool,
  shareVersion: u32,
  counter: u64,
  signature: signature64,
});

/** A quorum certificate: votes of at least q oracles of one roster for one header. */
export const certificate = struct({
  version: constant(1),
  rosterHash: hash32,
  instance: hash32,
  seq: u64,
  headerHash: hash32,
  votes: list(certificateVote, ORACLES_MAX),
});
export type Certificate = Infer<typeof certificate>;

/** What the chain key of seq + 1 signs beside a CERT: the workload holds this certificate, durably. */
export const certInput: (value: Certificate) => Uint8Array = carried((value) =>
  signingInput("ipse/v1/cert", certificate, value),
);

/** The votes of a certificate in their signed form. */
export const votesOf: (qc: Certificate) => readonly SignedVote[] = carried((qc) =>
  qc.votes.map(({ oracle, shareOk, shareVersion, counter, signature }) => ({
    vote: {
      version: 1,
      oracle,
      rosterHash: qc.rosterHash,
      instance: qc.instance,
      seq: qc.seq,
      headerHash: qc.headerHash,
      shareOk,
      shareVersion,
      counter,
    },
    signature,
  })),
);

/** Assembles a certificate from votes that agree; they are put in oracle order. */
export function assembleCertificate(votes: readonly SignedVote[]): Certificate {
  const first = votes[0]?.vote;
  check(first !== undefined, "ERR_QC_SIZE", "a certificate without votes");
  const sorted = [...votes].sort((a, b) => a.vote.oracle - b.vote.oracle);
  return {
    version: 1,
    rosterHash: first.rosterHash,
    instance: first.instance,
    seq: first.seq,
    headerHash: first.headerHash,
    votes: sorted.map(({ vote: v, signature }) => ({
      oracle: v.oracle,
      shareOk: v.shareOk,
      shareVersion: v.shareVersion,
      counter: v.counter,
      signature,
    })),
  };
}

/**
 * Checks a certificate against the header it is for: q distinct oracles in ascending
 * order, each signature good, and q share_ok votes for a ratchet.
 * Throws ERR_QC_SUBJECT, ERR_QC_SIZE, ERR_QC_ORDER, ERR_QC_SHARES or ERR_QC_SIGNATURE.
 */
export function verifyCertificate(group: Group, roster: Roster, qc: Certificate, of: Header): void {
  check(
    equalBytes(of.rosterHash, rosterHash(roster)),
    "ERR_QC_SUBJECT",
    "the certified header is under another roster",
  );
  const about =
    equalBytes(qc.rosterHash, of.rosterHash) &&
    equalBytes(qc.instance, of.instance) &&
    qc.seq === of.seq &&
    equalBytes(qc.headerHash, headerHash(of));
  check(about, "ERR_QC_SUBJECT", "the certificate is about another step");
  check(
    qc.votes.length >= roster.quorum && qc.votes.length <= roster.oracles.length,
    "ERR_QC_SIZE",
    "not a quorum of votes",
  );
  const ordered = qc.votes.every((v, i) => i === 0 || v.oracle > (qc.votes[i - 1]?.oracle ?? 0));
  check(ordered, "ERR_QC_ORDER", "votes out of order or repeated");
  if (of.ratchet) {
    const held = qc.votes.filter((v) => v.shareOk).length;
    check(held >= roster.quorum, "ERR_QC_SHARES", "a ratchet needs q oracles that hold the new share");
  }
  for (const signed of votesOf(qc)) {
    check(
      voteVerifies(group, roster, signed),
      "ERR_QC_SIGNATURE",
      "a vote in the certificate does not verify",
    );
  }
}
