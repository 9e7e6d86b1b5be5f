import { lagrangeCoefficient } from "@ipse/protocol/frost";
import type { Group, Scalar } from "@ipse/protocol/group";
import { decodeState } from "@ipse/protocol/session/workload";
import type { Genesis, OracleProcess } from "../world/index.ts";

/**
 * What an adversary has got hold of: shares with their versions, nothing else
 * counts for signing. Values are kept, not only names, so that "suffices to sign"
 * is computed and not merely counted.
 */
export interface View {
  readonly group: Group;
  readonly identityKey: Uint8Array;
  /** version -> oracle -> share. */
  readonly oracleShares: Map<number, Map<number, Scalar>>;
  /** version -> s_W. */
  readonly workloadShares: Map<number, Scalar>;
}

export function emptyView(genesis: Genesis, group: Group): View {
  return {
    group,
    identityKey: genesis.identityKey,
    oracleShares: new Map(),
    workloadShares: new Map(),
  };
}

function noteOracle(view: View, version: number, oracle: number, share: Scalar): void {
  const held = view.oracleShares.get(version) ?? new Map<number, Scalar>();
  held.set(oracle, share);
  view.oracleShares.set(version, held);
}

/** Everything an oracle's memory and disk hold about an instance now. */
export function learnOracle(view: View, oracle: OracleProcess, instance: Uint8Array): void {
  for (const { version, share } of oracle.record(instance)?.shares ?? [])
    noteOracle(view, version, oracle.id, share.slice() as Scalar);
}

/** A stolen state file: s_W, a pending step's next s_W, and every A_i that is still in it. */
export function learnFile(view: View, file: Uint8Array): void {
  const { phase } = decodeState(file);
  if (phase.kind !== "live") return;
  const version = phase.head.signed.header.shareVersion;
  view.workloadShares.set(version, phase.share as Scalar);
  const next = phase.pending?.ratchet;
  if (next !== undefined && phase.pending !== undefined)
    view.workloadShares.set(phase.pending.signed.header.shareVersion, next.share as Scalar);
  phase.lags.forEach(({ base, delta }, i) => {
    const old = view.oracleShares.get(base)?.get(i + 1);
    if (delta !== undefined && old !== undefined)
      noteOracle(view, version, i + 1, view.group.scalarSub(old, delta as Scalar));
  });
}

/** Whether t oracle shares and s_W of ONE version are there and really make the identity key. */
export function canSign(view: View, threshold: number): boolean {
  const { group } = view;
  for (const [version, shares] of view.oracleShares) {
    const own = view.workloadShares.get(version);
    if (own === undefined || shares.size < threshold) continue;
    const chosen = [...shares].slice(0, threshold);
    const ids = chosen.map(([id]) => id);
    let secret = group.scalarAdd(own, group.scalarFromNumber(0));
    for (const [id, share] of chosen)
      secret = group.scalarAdd(secret, group.scalarMul(lagrangeCoefficient(group, ids, id), share));
    const made = group.baseMul(secret);
    if (made.every((byte, i) => byte === view.identityKey[i])) return true;
  }
  return false;
}
