import { zeroize } from "../../bytes.ts";
import { commitmentVector } from "../../frost/index.ts";
import type { Point, Scalar } from "../../group/group.ts";
import { addDelta, deal, evaluate, ratchetCommitments, ratchetWorkloadShare } from "../../ratchet/index.ts";
import type { RatchetPart } from "../body.ts";
import { votesOf } from "../vote.ts";
import type { Lag, Live, PendingStep } from "./durable.ts";
import type { Turn } from "./turn.ts";

export interface DealtRatchet {
  readonly part: RatchetPart;
  readonly secret: { readonly share: Uint8Array; readonly deltas: readonly Uint8Array[] };
}

/** Whether the last ratchet is older than H, so that the next step carries one. */
export function ratchetDue(turn: Turn): boolean {
  return turn.monotonicMs - turn.memory.lastRatchetMs >= turn.context.settings.heartbeatMs;
}

/**
 * Draws D and everything that follows from it (SPEC section 6): s_W + D(0), the
 * new vector F', the base and the sum A_i of each oracle. D is wiped here and never written.
 */
export function dealRatchet(turn: Turn, live: Live): DealtRatchet {
  const { group } = turn;
  const dealing = deal(group, { threshold: turn.constants.threshold, random: (count) => turn.draw(count) });
  const share = ratchetWorkloadShare(group, live.share as Scalar, dealing);
  const commitments = ratchetCommitments(
    group,
    commitmentVector(group, live.commitments as Point[]),
    dealing,
  );
  const deltas = live.lags.map(({ delta }, index) => {
    const own = evaluate(group, dealing, index + 1);
    if (delta === undefined) return own;
    const sum = addDelta(group, delta as Scalar, own);
    zeroize(own);
    return sum;
  });
  zeroize(...dealing);
  return { part: { commitments, bases: live.lags.map(({ base }) => base) }, secret: { share, deltas } };
}

/** Whether the certificate of a step can tell W nothing about anybody's base: then losing it in a crash is harmless. */
export function raisesNoBase(live: Live, pending: PendingStep): boolean {
  const { shareVersion } = pending.signed.header;
  return pending.ratchet === undefined && live.lags.every(({ base }) => base >= shareVersion);
}

/** Oracles whose share_ok vote for a step W holds: in its certificate or since. */
function holders(turn: Turn, pending: PendingStep): Set<number> {
  const certified = pending.qc === undefined ? [] : votesOf(pending.qc);
  const received = turn.memory.oracles.flatMap(({ vote }) => (vote === undefined ? [] : [vote]));
  return new Set(
    [...certified, ...received].filter(({ vote }) => vote.shareOk).map(({ vote }) => vote.oracle),
  );
}

/** The lags once a step is the head: a share_ok vote makes its version the base and its A_i superfluous. */
export function settleLags(turn: Turn, live: Live, pending: PendingStep): Lag[] {
  const held = holders(turn, pending);
  return live.lags.map((lag, index) => {
    const next = pending.ratchet?.deltas[index];
    if (next !== undefined && lag.delta !== undefined) zeroize(lag.delta);
    const current = next === undefined ? lag : { base: lag.base, delta: next };
    if (!held.has(index + 1)) return current;
    if (current.delta !== undefined) zeroize(current.delta);
    return { base: pending.signed.header.shareVersion, delta: undefined };
  });
}

/**
 * A late share_ok vote for the head's step raises that oracle's base. Not while a
 * ratchet is pending: its A_i is from the base that its body names.
 */
export function raiseBase(turn: Turn, oracle: number): void {
  const live = turn.alive();
  const version = live.head.signed.header.shareVersion;
  const lag = live.lags[oracle - 1];
  if (lag === undefined || lag.base >= version || live.pending?.ratchet !== undefined) return;
  if (lag.delta !== undefined) zeroize(lag.delta);
  turn.change({
    lags: live.lags.map((one, i) => (i === oracle - 1 ? { base: version, delta: undefined } : one)),
  });
}
