import { equalBytes } from "../../bytes.ts";
import { IpseError } from "../../errors.ts";
import {
  aggregate,
  type CommitmentVector,
  commitmentVector,
  type SignatureShare,
  verifyingShare,
  WORKLOAD_IDENTIFIER,
} from "../../frost/index.ts";
import type { Point } from "../../group/group.ts";
import { voteKeyOf } from "../../registry/roster.ts";
import type { OracleMessage } from "../../wire/session.ts";
import { headerHash } from "../header.ts";
import { type Denial, denialInput, type ShareResult } from "../signing.ts";
import type { PendingStep } from "./durable.ts";
import { dropAttempt } from "./signing.ts";
import type { Signing, SigningAttempt } from "./state.ts";
import type { Turn } from "./turn.ts";

type Shares = Extract<OracleMessage, { kind: "shares" }>;

/** F of the share version that this step's header names. */
function commitmentsOf(turn: Turn, pending: PendingStep): CommitmentVector {
  const points = pending.body.ratchet?.commitments ?? turn.alive().commitments;
  return commitmentVector(turn.group, points as Point[]);
}

function denialVerifies(
  turn: Turn,
  pending: PendingStep,
  oracle: number,
  message: number,
  result: ShareResult,
): boolean {
  if (result.kind !== "denied") return true;
  const { header } = pending.signed;
  const denial: Denial = {
    version: 1,
    oracle,
    instance: header.instance,
    seq: header.seq,
    headerHash: headerHash(header),
    message,
    code: result.code,
  };
  const key = voteKeyOf(turn.context.roster, oracle);
  return key !== undefined && turn.group.ed25519.verify(key, denialInput(denial), result.signature);
}

/** z_i or DENY per message. True when the attempt has all its answers. */
export function onShares(
  turn: Turn,
  oracle: number,
  pending: PendingStep,
  signing: Signing,
  answer: Shares,
): boolean {
  const { header } = pending.signed;
  const count = pending.body.messages.length;
  const ours =
    answer.oracle === oracle &&
    answer.seq === header.seq &&
    equalBytes(answer.instance, header.instance) &&
    equalBytes(answer.headerHash, headerHash(header));
  if (!ours) return false;
  turn.view(oracle).committed = header.seq;
  const { attempt } = signing;
  const index = attempt?.signers.indexOf(oracle) ?? -1;
  const slot = attempt?.slots[index];
  if (attempt === undefined || slot === undefined || !equalBytes(slot.slotId, answer.slotId)) return false;
  const sound =
    answer.results.length === count &&
    answer.results.every((result, message) => denialVerifies(turn, pending, oracle, message, result));
  if (!sound) {
    signing.excluded.add(oracle);
    turn.event({ level: "warn", event: "signing.malformed", oracle });
    return true;
  }
  attempt.replies.set(oracle, answer.results);
  return attempt.replies.size === attempt.signers.length;
}

function complete(
  turn: Turn,
  pending: PendingStep,
  signing: Signing,
  attempt: SigningAttempt,
  message: number,
): void {
  const { group } = turn;
  const signingPackage = attempt.packages[message];
  const own = attempt.ownShares[message];
  if (signingPackage === undefined || own === undefined)
    throw new IpseError("ERR_INTERNAL", "no such message");
  const shares: SignatureShare[] = [{ identifier: WORKLOAD_IDENTIFIER, share: own }];
  for (const [oracle, results] of attempt.replies) {
    const result = results[message];
    if (result?.kind === "share") shares.push({ identifier: oracle, share: result.z });
  }
  if (shares.length <= attempt.signers.length) return;
  try {
    const vector = commitmentsOf(turn, pending);
    // z_W is withheld from everyone, so also from public arithmetic.
    const signature = aggregate(group, signingPackage, shares, (identifier) =>
      identifier === WORKLOAD_IDENTIFIER ? undefined : verifyingShare(group, vector, identifier),
    );
    signing.outcomes[message] = { ok: true, signature };
  } catch (error) {
    if (!(error instanceof IpseError)) throw error;
    const { culprits } = error;
    for (const oracle of culprits) {
      signing.excluded.add(oracle);
      turn.event({ level: "error", event: "signing.culprit", oracle, seq: pending.signed.header.seq });
    }
    if (culprits.length === 0) signing.outcomes[message] = { ok: false, code: error.code };
  }
}

/** The signers of the attempt under way that have not answered. */
export function silent(signing: Signing): number[] {
  const { attempt } = signing;
  return attempt?.signers.filter((oracle) => !attempt.replies.has(oracle)) ?? [];
}

/**
 * Ends an attempt: completes what every chosen signer signed, records denials, rests
 * who was silent or refused. Only a z_i that fails against F(i) names a culprit; DENY,
 * NO_SHARE and silence name none (SPEC section 5).
 */
export function conclude(
  turn: Turn,
  pending: PendingStep,
  signing: Signing,
  resting: readonly number[],
): void {
  const { attempt } = signing;
  if (attempt === undefined) return;
  for (const [oracle, results] of attempt.replies) {
    signing.resting.delete(oracle);
    // It answers: a slot for the next attempt is asked for at once.
    turn.view(oracle).tries = 0;
    turn.view(oracle).nextTryMs = 0;
    results.forEach((result, message) => {
      if (result.kind !== "denied") return;
      const known = signing.denials.some((one) => one.oracle === oracle && one.message === message);
      if (!known) signing.denials.push({ oracle, message, code: result.code });
    });
  }
  signing.outcomes.forEach((outcome, message) => {
    if (outcome === undefined) complete(turn, pending, signing, attempt, message);
  });
  for (const oracle of resting) {
    signing.resting.delete(oracle);
    signing.resting.add(oracle);
  }
  dropAttempt(signing);
}
