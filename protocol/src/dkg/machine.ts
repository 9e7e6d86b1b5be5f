import type { Group, Scalar } from "../group/index.ts";
import { type DkgBody, encodeDkgMessage, type Round2 } from "./messages.ts";
import { sharesFor } from "./polynomials.ts";
import type { PoolKey } from "./pool-key.ts";
import type { DkgState } from "./state.ts";

/** What the ceremony needs from its host. */
export interface DkgContext {
  readonly group: Group;
  /** Signs with this oracle's vote key. */
  readonly sign: (input: Uint8Array) => Uint8Array;
}

export type DkgInput =
  /** A peer's message; `from` is who the connection was authenticated as. */
  | { readonly kind: "message"; readonly from: number; readonly payload: Uint8Array }
  /** Send again what `to` (or everyone) may be missing: after a restart, a reconnect, or now and then. */
  | { readonly kind: "resume"; readonly to?: number }
  /** The host's patience is at its end; whoever is silent gets named. */
  | { readonly kind: "timeout" };

/** A payload with private shares may only leave through a sealed connection to exactly that oracle. */
export interface DkgSend {
  readonly to: number;
  readonly payload: Uint8Array;
}

/** A finished key: what to publish and what to keep. */
export interface DealtKey {
  readonly id: Uint8Array;
  readonly poolKey: PoolKey;
  /** SECRET: this oracle's signing share. */
  readonly share: Scalar;
}

export interface DkgAbort {
  readonly code: string;
  /** Suspects. After another oracle's complaint, the accused and the complainer. */
  readonly culprits: readonly number[];
  /** Whether the shares are gone; until then a certificate may still turn up. */
  readonly settled: boolean;
}

/** The host makes `state` durable, then sends, then acts on the rest. */
export interface DkgOutput {
  readonly state: DkgState;
  readonly send: readonly DkgSend[];
  readonly done?: readonly DealtKey[];
  readonly abort?: DkgAbort;
  /** Why an input changed nothing. */
  readonly ignored?: string;
}

/** Encodes a body as a message of ours to one oracle. */
export function sendTo(state: DkgState, to: number, body: DkgBody): DkgSend {
  const { params, party } = state;
  return { to, payload: encodeDkgMessage({ version: 1, ceremony: params.ceremony, party, body }) };
}

/** The other oracles. */
export function peers(state: DkgState): readonly number[] {
  return state.params.voteKeys.map((_, i) => i + 1).filter((party) => party !== state.party);
}

export function sendAll(state: DkgState, body: DkgBody): readonly DkgSend[] {
  return peers(state).map((to) => sendTo(state, to, body));
}

/** Round 2 for one recipient. */
export function round2For(group: Group, state: DkgState, recipient: number): DkgSend {
  const shares: Round2["shares"] = sharesFor(group, state.polynomials, recipient);
  const send = sendTo(state, recipient, { kind: "round2", recipient, shares });
  for (const share of shares) share.fill(0);
  return send;
}

export function ignored(state: DkgState, reason: string): DkgOutput {
  return { state, send: [], ignored: reason };
}
