import { pursueAll } from "./contact.ts";
import { dropAttempt } from "./signing.ts";
import type { Turn } from "./turn.ts";

/** Ends round 2 where it is; the next one starts from fresh slots. */
export function pauseSigning(turn: Turn): void {
  const { signing } = turn.memory;
  if (signing !== undefined) dropAttempt(signing);
}

/**
 * Asks STATUS of all n (SPEC section 8): at every start, when
 * continuity is lost, and while quarantined. No step leaves until the answers are judged.
 */
export function beginRound(turn: Turn): void {
  pauseSigning(turn);
  turn.memory.round = { challenge: turn.context.random(32), answers: [] };
  if (turn.memory.mode !== "quarantined") turn.enter("checking");
  pursueAll(turn);
}
