import { zeroize } from "../../bytes.ts";
import type { Phase } from "./durable.ts";
import { failAll } from "./requests.ts";
import { pauseSigning } from "./status-round.ts";
import type { Turn } from "./turn.ts";

function secretsOf(phase: Phase): Uint8Array[] {
  if (phase.kind === "dead") return [];
  const own = [phase.evidenceSeed, phase.chainSeed, phase.share];
  if (phase.kind === "enrolling") return [...own, phase.ticketSeed];
  const lags = phase.lags.flatMap(({ delta }) => (delta === undefined ? [] : [delta]));
  const { pending } = phase;
  if (pending === undefined) return [...own, ...lags];
  const ratchet = pending.ratchet === undefined ? [] : [pending.ratchet.share, ...pending.ratchet.deltas];
  return [...own, ...lags, pending.chainSeed, ...ratchet];
}

/**
 * The end, durable before anybody hears of it: no secret is kept and no step follows.
 * `code` is what every caller gets from now on, `proof` what caused it.
 */
export function die(turn: Turn, code: string, proof: Uint8Array = new Uint8Array()): void {
  const { phase, memory } = turn;
  pauseSigning(turn);
  memory.signing = undefined;
  memory.round = undefined;
  const enrollment = phase.kind === "enrolling" ? phase.pending : phase.enrollment;
  const headSeq = phase.kind === "live" ? phase.head.signed.header.seq : 0;
  zeroize(...secretsOf(phase));
  turn.become({ kind: "dead", code, enrollment, headSeq, proof });
  for (const view of memory.oracles) {
    view.vote = undefined;
    view.slot = undefined;
    view.acknowledged = false;
  }
  failAll(turn, code);
  turn.enter("dead", code);
}
