import { zeroize } from "../bytes.ts";
import {
  type Codec,
  constant,
  decode,
  encode,
  type Infer,
  keyword,
  list,
  optional,
  struct,
  text,
} from "../encoding/index.ts";
import type { Point, Scalar } from "../group/index.ts";
import { key32, oracleId, scalar32 } from "../ids.ts";
import { CEREMONY_KEYS_MAX, ORACLES_MAX, THRESHOLD_MAX } from "../limits.ts";
import { abort, confirm, round1 } from "./messages.ts";
import { dkgParams } from "./params.ts";

/*
 * The state is our own, so what is read back from it was valid when it was written: points and scalars are
 * not checked again.
 */
const ownScalar = scalar32 as Codec<Scalar>;
const ownPoint = key32 as Codec<Point>;

/**
 * sharing: collecting Round 1 and 2; nobody can hold a certificate, because it lacks our signature.
 * confirming: we signed; shares must stay until the certificate or n signed aborts.
 * aborting: we signed an abort after we confirmed; shares stay all the same.
 * certified, aborted: over.
 */
export const DKG_PHASES = ["sharing", "confirming", "aborting", "certified", "aborted"] as const;
export type DkgPhase = (typeof DKG_PHASES)[number];

const dkgKey = struct({ share: ownScalar, commitments: list(ownPoint, THRESHOLD_MAX) });
export type DkgKey = Infer<typeof dkgKey>;

/** Lists by party hold party p at p - 1. */
export const dkgState = struct({
  version: constant(1),
  params: dkgParams,
  party: oracleId,
  phase: keyword(DKG_PHASES),
  /** Our secret polynomials, one per key; empty once nobody can need a share of them again. */
  polynomials: list(list(ownScalar, THRESHOLD_MAX), CEREMONY_KEYS_MAX),
  round1: list(optional(round1), ORACLES_MAX),
  /** The shares each party dealt us. */
  dealt: list(optional(list(ownScalar, CEREMONY_KEYS_MAX)), ORACLES_MAX),
  confirms: list(optional(confirm), ORACLES_MAX),
  aborts: list(optional(abort), ORACLES_MAX),
  /** The outcome, from `confirming` on. */
  keys: list(dkgKey, CEREMONY_KEYS_MAX),
  /** Why we gave up; kept for the operator. */
  failure: optional(struct({ code: text(64), culprits: list(oracleId, ORACLES_MAX) })),
});
export type DkgState = Infer<typeof dkgState>;

/** SECRET: for the oracle's own store alone. */
export function encodeDkgState(state: DkgState): Uint8Array {
  return encode(dkgState, state);
}

/** Throws ERR_ENCODING*. */
export function decodeDkgState(bytes: Uint8Array): DkgState {
  return decode(dkgState, bytes);
}

/** The list with party p's entry replaced. */
export function withParty<T>(entries: readonly T[], party: number, entry: T): readonly T[] {
  return entries.with(party - 1, entry);
}

/** The parties that have no entry. */
export function missing(entries: readonly unknown[]): readonly number[] {
  return entries.flatMap((entry, i) => (entry === undefined ? [i + 1] : []));
}

/** The entries of all parties, or undefined while one is missing. */
export function complete<T>(entries: readonly (T | undefined)[]): readonly T[] | undefined {
  return entries.every((entry) => entry !== undefined) ? (entries as readonly T[]) : undefined;
}

/** Enters a phase in which nobody can need our part any more: drops it, and the outcome too once nobody can hold a certificate. */
export function leave(state: DkgState, phase: "aborting" | "certified" | "aborted"): DkgState {
  const nobody = state.params.voteKeys.map(() => undefined);
  return {
    ...state,
    phase,
    polynomials: [],
    round1: nobody,
    dealt: nobody,
    keys: phase === "aborted" ? [] : state.keys,
  };
}

/** Wipes the secrets of a state in memory that `next` no longer holds. Call it when `next` is durable. */
export function wipeDkgState(state: DkgState, next: DkgState): void {
  if (next.polynomials.length === 0) for (const polynomial of state.polynomials) zeroize(...polynomial);
  if (next.dealt.every((shares) => shares === undefined)) {
    for (const shares of state.dealt) zeroize(...(shares ?? []));
  }
  if (next.keys.length === 0) for (const key of state.keys) zeroize(key.share);
}
