import { equalBytes, toHex } from "../../bytes.ts";
import { encode, type Hash, hashOf } from "../../encoding/index.ts";
import { IpseError } from "../../errors.ts";
import { rosterHash } from "../../registry/roster.ts";
import { type SignedStatement, statementHash } from "../../registry/statement.ts";
import { verifyStatement } from "../../registry/statement-check.ts";
import { type StatusProof, statusProof } from "../../wire/session.ts";
import { verifyEvidence } from "../evidence.ts";
import { evidenceInput } from "../header.ts";
import { type SignedStaleNotice, staleInput, staleNotice } from "../stale.ts";
import { follows, signaturesVerify } from "../step-check.ts";
import { verifyCertificate } from "../vote.ts";
import { die } from "./ending.ts";
import { failAll } from "./requests.ts";
import { beginRound } from "./status-round.ts";
import type { Turn } from "./turn.ts";

const POLL_MS_MIN = 1000;
const POLL_MS_MAX = 10_000;
/** Void proofs remembered: one for each time operators or copies suspended the instance. */
const VOIDED_MAX = 64;

/** Asks STATUS again later, ever more seldom: a release is noticed without anybody's help. */
function armPoll(turn: Turn): void {
  const { memory } = turn;
  turn.timer("poll", turn.jittered(Math.min(POLL_MS_MAX, POLL_MS_MIN * 2 ** Math.min(memory.polls, 10))));
  memory.polls++;
}

/**
 * A proof that the instance was suspended, which may be an old one that a liar kept:
 * all oracles are asked before anybody is refused. What a quorum calls active is void.
 */
function suspect(turn: Turn, proof: Hash): void {
  const { memory } = turn;
  const name = toHex(proof);
  if (memory.voided.includes(name)) return;
  memory.standing = name;
  if (memory.mode === "running") beginRound(turn);
}

/** A quorum calls the instance active: the proof seen is older than a release. */
export function voidProof(turn: Turn): void {
  const { memory } = turn;
  if (memory.standing !== undefined)
    memory.voided = [...memory.voided.slice(1 - VOIDED_MAX), memory.standing];
  memory.standing = undefined;
}

/** Proven quarantine: callers are refused; the durable state stays as it is, for a release. */
export function quarantine(turn: Turn): void {
  failAll(turn, "ERR_INSTANCE_QUARANTINED");
  turn.enter("quarantined", "ERR_INSTANCE_QUARANTINED");
  armPoll(turn);
}

/** Whether a STALE notice is by a copy of this instance and newer than the last release. Throws where a certificate fails. */
function noticeStands(turn: Turn, { notice, signature }: SignedStaleNotice): boolean {
  const { group, constants, context } = turn;
  const head = notice.head.signed.header;
  const ours =
    equalBytes(notice.instance, constants.instance) &&
    equalBytes(head.instance, constants.instance) &&
    equalBytes(notice.rosterHash, rosterHash(context.roster)) &&
    notice.release >= turn.alive().release;
  if (!ours || !group.ed25519.verify(head.nextChainKey, staleInput(notice), signature)) return false;
  verifyCertificate(group, context.roster, notice.head.qc, head);
  const { signed, qc } = notice.proof;
  if (signed.header.seq <= head.seq || !equalBytes(signed.header.instance, constants.instance)) return false;
  const { evidenceKey } = constants;
  if (follows(signed.header, head) && signaturesVerify(group, signed, head.nextChainKey, evidenceKey))
    return true;
  if (qc === undefined) return false;
  verifyCertificate(group, context.roster, qc, signed.header);
  return group.ed25519.verify(evidenceKey, evidenceInput(signed.header), signed.evidenceSignature);
}

function takeStatement(turn: Turn, proof: StatusProof, signed: SignedStatement): void {
  const { payload, serial } = signed.statement;
  if (payload.kind !== "instance" || !equalBytes(payload.instance, turn.constants.instance)) return;
  verifyStatement(turn.group, turn.context.roster, signed);
  const live = turn.alive();
  if (payload.action === "revoke") return die(turn, "ERR_INSTANCE_REVOKED", encode(statusProof, proof));
  if (payload.action === "quarantine") {
    if (serial > live.releaseSerial) suspect(turn, statementHash(signed.statement));
  } else if (payload.release > live.release || serial > live.releaseSerial) {
    const release = Math.max(payload.release, live.release);
    turn.change({ release, releaseSerial: Math.max(serial, live.releaseSerial) });
  }
}

/**
 * A proof why the instance is not served. Only what W can check itself changes anything:
 * fork evidence and an operator's revocation end it, a stale notice and an operator's
 * quarantine pause it, a release raises the release number. Never throws on a bad proof.
 */
export function takeProof(turn: Turn, oracle: number, proof: StatusProof): void {
  if (turn.live === undefined) return;
  try {
    if (proof.kind === "statement") return takeStatement(turn, proof, proof.statement);
    if (proof.kind === "stale") {
      // By what its signature is over, so that one notice has one name.
      const name = hashOf("ipse/v1/stale-name", staleNotice, proof.notice.notice);
      if (noticeStands(turn, proof.notice)) suspect(turn, name);
      return;
    }
    const instance = verifyEvidence(turn.group, turn.context.roster, proof.evidence);
    if (!equalBytes(instance, turn.constants.instance)) return;
    die(turn, "ERR_INSTANCE_REVOKED", encode(statusProof, proof));
  } catch (error) {
    if (!(error instanceof IpseError)) throw error;
    turn.event({ level: "warn", event: "proof.refused", oracle, code: error.code });
  }
}
