import { equalBytes } from "../bytes.ts";
import { encode } from "../encoding/index.ts";
import type { CommitmentVector } from "../frost/index.ts";
import type { Group } from "../group/index.ts";
import { confirmKeys } from "./certify.ts";
import { giveUp, giveUpOver } from "./give-up.ts";
import { type DkgContext, type DkgOutput, type DkgSend, ignored, peers, round2For } from "./machine.ts";
import { type Round1, type Round2, round1 } from "./messages.ts";
import { checkRound1, combine, decodeShares } from "./polynomials.ts";
import { complete, type DkgKey, type DkgState, withParty } from "./state.ts";

/** A party that says two different things in one round is caught at once, where both come to the same oracle. */
function repeated(context: DkgContext, state: DkgState, from: number, same: boolean): DkgOutput {
  if (same) return ignored(state, "ERR_DKG_DUPLICATE");
  return giveUp(context, state, "ERR_DKG_EQUIVOCATION", [from]);
}

export function onRound1(context: DkgContext, state: DkgState, from: number, message: Round1): DkgOutput {
  if (state.phase !== "sharing") return ignored(state, "ERR_DKG_PHASE");
  const known = state.round1[from - 1];
  if (known !== undefined) {
    return repeated(context, state, from, equalBytes(encode(round1, known), encode(round1, message)));
  }
  try {
    checkRound1(context.group, state.params, from, message);
  } catch (error) {
    return giveUpOver(context, state, error);
  }
  const next = { ...state, round1: withParty(state.round1, from, message) };
  if (complete(next.round1) === undefined) return { state: next, send: [] };
  const send = peers(next).map((peer) => round2For(context.group, next, peer));
  return combineIfComplete(context, next, send);
}

export function onRound2(context: DkgContext, state: DkgState, from: number, message: Round2): DkgOutput {
  if (state.phase !== "sharing") return ignored(state, "ERR_DKG_PHASE");
  if (message.recipient !== state.party) return ignored(state, "ERR_DKG_RECIPIENT");
  const known = state.dealt[from - 1];
  if (known !== undefined) {
    const same = known.length === message.shares.length;
    return repeated(
      context,
      state,
      from,
      same && known.every((share, i) => equalScalars(share, message.shares[i])),
    );
  }
  try {
    const shares = decodeShares(context.group, state.params, from, message.shares);
    const next = { ...state, dealt: withParty(state.dealt, from, shares) };
    return combineIfComplete(context, next, []);
  } catch (error) {
    return giveUpOver(context, state, error);
  }
}

/** Compares secrets without an early exit. */
function equalScalars(a: Uint8Array, b: Uint8Array | undefined): boolean {
  if (b === undefined || a.length !== b.length) return false;
  let difference = 0;
  for (const [i, byte] of a.entries()) difference |= byte ^ (b[i] ?? 0);
  return difference === 0;
}

function combineIfComplete(context: DkgContext, state: DkgState, send: readonly DkgSend[]): DkgOutput {
  if (complete(state.round1) === undefined || complete(state.dealt) === undefined) return { state, send };
  let keys: readonly DkgKey[];
  try {
    keys = combineAll(context.group, state);
  } catch (error) {
    return giveUpOver(context, state, error);
  }
  const confirmed = confirmKeys(context, state, keys);
  return { ...confirmed, send: [...send, ...confirmed.send] };
}

function combineAll(group: Group, state: DkgState): readonly DkgKey[] {
  return Array.from({ length: state.params.count }, (_, index) => {
    const dealt = state.round1.flatMap((message, i) => {
      const commitments = message?.keys[index]?.commitments;
      const share = state.dealt[i]?.[index];
      if (commitments === undefined || share === undefined) return [];
      // Checked when it arrived, and ours since.
      return [{ party: i + 1, commitments: commitments as unknown as CommitmentVector, share }];
    });
    return combine(group, state.party, dealt);
  });
}
