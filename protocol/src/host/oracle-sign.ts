import { equalBytes, zeroize } from "../bytes.ts";
import { commitmentList, signingPackage, signShare } from "../frost/index.ts";
import type { Group, Point, Scalar } from "../group/group.ts";
import { NONCE_SLOT_MS } from "../limits.ts";
import { identityKidText, judgeMessage } from "../policy/index.ts";
import type { Workload } from "../registry/statement.ts";
import type { OracleEffect, VoteKey } from "../session/oracle/index.ts";
import { commitInput, denialInput, type ShareResult } from "../session/signing.ts";
import type { OracleMessage } from "../wire/session.ts";
import type { NonceVault } from "./nonce-vault.ts";

type SignEffect = Extract<OracleEffect, { kind: "sign" }>;

export interface SignContext {
  readonly group: Group;
  readonly oracle: number;
  readonly voteKey: VoteKey;
  readonly vault: NonceVault;
  readonly threshold: number;
  readonly workload: Workload | undefined;
  readonly issuer: string;
  readonly nowMs: number;
  readonly monotonicMs: number;
}

function refused(code: string, message: string): OracleMessage {
  return { kind: "refused", code, message, retryAfterMs: 0, proof: undefined };
}

function deny(context: SignContext, effect: SignEffect, message: number, code: string): ShareResult {
  const { subject } = effect;
  const denial = { version: 1 as const, oracle: context.oracle, ...subject, message, code };
  return {
    kind: "denied",
    code,
    signature: context.voteKey.sign(denialInput(denial)),
  };
}

type Taken = NonNullable<ReturnType<NonceVault["take"]>>;

/** Judges each message of a slot that was taken, and signs it or denies it. Wipes every nonce, also when it throws. */
function signTaken(context: SignContext, effect: SignEffect, taken: Taken): readonly ShareResult[] {
  const { group } = context;
  const kid = identityKidText(effect.identityKey);
  try {
    return taken.messages.map((message, j): ShareResult => {
      const [nonces, list] = [taken.nonces[j], effect.lists[j]];
      if (nonces === undefined || list === undefined) return deny(context, effect, j, "ERR_COMMIT_LIST");
      const denied = judgeMessage({
        message,
        workload: context.workload,
        kid,
        issuer: context.issuer,
        nowMs: context.nowMs,
      });
      if (denied !== undefined) return deny(context, effect, j, denied);
      const request = {
        rule: "mandatory",
        threshold: context.threshold,
        groupPublicKey: effect.identityKey as Point,
        commitments: commitmentList([...list.before, nonces.commitment, ...list.after]),
        message: message.payload,
      } as const;
      const signing = signingPackage(group, request, nonces);
      return { kind: "share", z: signShare(group, signing, effect.share as Scalar, nonces) };
    });
  } finally {
    for (const { hiding, binding } of taken.nonces) zeroize(hiding, binding);
  }
}

/**
 * Round two at an oracle: my own commitments are byte-equal in every list, then the
 * slot is taken, whole and for ever, then each message is judged and signed or
 * denied. A message that is denied wastes its nonces. The very same COMMIT gets the
 * very same answer again for as long as a slot lives; any other one of that slot none.
 */
export function signCommit(context: SignContext, effect: SignEffect): OracleMessage {
  const { oracle, vault, monotonicMs } = context;
  const { subject, commit, lists } = effect;
  const named = commit.slots.find((slot) => slot.oracle === oracle);
  if (named === undefined) return refused("ERR_COMMIT_SIGNERS", "this oracle is not among the signers");
  const shown = vault.peek(subject, named.bootId, named.slotId, monotonicMs);
  const input = commitInput(commit);
  const again = vault.given.find(subject.instance, named.slotId, input, monotonicMs);
  if (again !== undefined) return again;
  if (shown === undefined) return refused("ERR_NONCE_SLOT", "no such live nonce slot; send the STEP again");
  const equal =
    lists.length === shown.commitments.length &&
    lists.every(({ own: listed }, j) => {
      const own = shown.commitments[j];
      return (
        own !== undefined &&
        listed.identifier === oracle &&
        equalBytes(listed.hiding, own.hiding) &&
        equalBytes(listed.binding, own.binding)
      );
    });
  if (!equal) return refused("ERR_COMMIT_LIST", "my commitments do not stand in the lists as I made them");
  const taken = vault.take(subject, named.bootId, named.slotId, monotonicMs);
  if (taken === undefined) return refused("ERR_NONCE_SLOT", "no such live nonce slot; send the STEP again");
  const results = signTaken(context, effect, taken);
  const answer = { kind: "shares", oracle, ...subject, slotId: named.slotId, results } as const;
  vault.given.keep(answer, input, monotonicMs + NONCE_SLOT_MS);
  return answer;
}
