import { zeroize } from "../bytes.ts";
import { type Hash, hashOf, list, struct, text, u16, u32 } from "../encoding/index.ts";
import { IpseError } from "../errors.ts";
import {
  type CommitmentVector,
  commitmentVector,
  commitToPolynomial,
  decodeCommitmentVector,
  evaluatePolynomial,
  isShareOf,
  SUITE,
} from "../frost/index.ts";
import { makeProof, verifyProof } from "../frost/proof.ts";
import { type Group, type Scalar, WIDE_BYTES } from "../group/index.ts";
import { hash32, key32, oracleId } from "../ids.ts";
import { THRESHOLD_MAX } from "../limits.ts";
import type { Round1 } from "./messages.ts";
import type { DkgParams } from "./params.ts";

/*
 * The mathematics of the ceremony: the DKG of FROST (Komlo and Goldberg, figure 1; SimplPedPop in "Practical
 * Schnorr Threshold Signatures Without the Algebraic Group Model"), for many keys at once. RFC 9591 leaves
 * key generation out (its appendix C is for a trusted dealer, whose VSS this uses).
 */

/** One party's secret polynomial of one key, constant term first. */
export type Polynomial = readonly Scalar[];

const proofContext = struct({
  suite: text(64),
  rosterHash: hash32,
  ceremony: hash32,
  party: oracleId,
  index: u32,
  threshold: u16,
  commitments: list(key32, THRESHOLD_MAX),
});

/** What a proof of possession is bound to: no proof serves another suite, roster, ceremony, party, key or vector. */
function contextOf(
  params: DkgParams,
  party: number,
  index: number,
  commitments: readonly Uint8Array[],
): Hash {
  const { rosterHash, ceremony, threshold } = params;
  const value = { suite: SUITE, rosterHash, ceremony, party, index, threshold, commitments };
  return hashOf("ipse/v1/dkg-proof", proofContext, value);
}

/** Draws t coefficients for each key and makes the Round 1 message. `random` gives fresh secret bytes. */
export function dealPolynomials(
  group: Group,
  params: DkgParams,
  party: number,
  random: (length: number) => Uint8Array,
): { readonly polynomials: readonly Polynomial[]; readonly round1: Round1 } {
  const polynomials = Array.from({ length: params.count }, () =>
    Array.from({ length: params.threshold }, () => {
      const wide = random(WIDE_BYTES);
      const coefficient = group.scalarFromWide(wide);
      zeroize(wide);
      return coefficient;
    }),
  );
  const keys = polynomials.map((polynomial, index) => {
    const commitments = commitToPolynomial(group, polynomial);
    const [secret = group.scalarFromNumber(0)] = polynomial;
    const context = contextOf(params, party, index, commitments);
    const nonceBytes = random(WIDE_BYTES);
    const proof = makeProof(group, secret, commitments[0] ?? group.identity, context, nonceBytes);
    zeroize(nonceBytes);
    return { commitments, proof };
  });
  return { polynomials, round1: { keys } };
}

/**
 * Checks another party's Round 1. Throws ERR_DKG_LENGTH on another number of keys or commitments than agreed,
 * ERR_DKG_POINT on an invalid point, ERR_DKG_POP on a wrong proof; the party is the culprit.
 */
export function checkRound1(group: Group, params: DkgParams, party: number, message: Round1): void {
  const { count, threshold } = params;
  const fits =
    message.keys.length === count && message.keys.every((key) => key.commitments.length === threshold);
  if (!fits)
    throw blame("ERR_DKG_LENGTH", party, `expected ${threshold} commitments for each of ${count} keys`);
  for (const [index, { commitments, proof }] of message.keys.entries()) {
    const vector = decodeFrom(group, threshold, party, commitments);
    const context = contextOf(params, party, index, commitments);
    if (!verifyProof(group, vector[0] ?? group.identity, context, proof)) {
      throw blame("ERR_DKG_POP", party, "a proof of possession fails");
    }
  }
}

function decodeFrom(
  group: Group,
  threshold: number,
  party: number,
  commitments: readonly Uint8Array[],
): CommitmentVector {
  try {
    return decodeCommitmentVector(group, threshold, commitments);
  } catch (cause) {
    throw blame("ERR_DKG_POINT", party, "a commitment is not a valid point", cause);
  }
}

/** f(recipient) of every key. Secret. */
export function sharesFor(
  group: Group,
  polynomials: readonly Polynomial[],
  recipient: number,
): readonly Scalar[] {
  return polynomials.map((polynomial) => evaluatePolynomial(group, polynomial, recipient));
}

/** Decodes the shares a party dealt us. Throws ERR_DKG_LENGTH, ERR_DKG_SHARE naming it. */
export function decodeShares(
  group: Group,
  params: DkgParams,
  party: number,
  shares: readonly Uint8Array[],
): readonly Scalar[] {
  if (shares.length !== params.count) throw blame("ERR_DKG_LENGTH", party, `expected ${params.count} shares`);
  try {
    return shares.map((share) => group.decodeScalar(share));
  } catch (cause) {
    throw blame("ERR_DKG_SHARE", party, "a share is not a scalar", cause);
  }
}

/** One party's part of one key, as we checked it. */
export interface Dealt {
  readonly party: number;
  readonly commitments: CommitmentVector;
  readonly share: Scalar;
}

/**
 * Adds up the parts of one key: F, and our share of it. Only when the sum is off F are the parts checked one
 * by one. Throws ERR_DKG_SHARE naming whoever dealt a share off its own commitments, and ERR_DKG_POINT when a
 * point of F is the identity (which takes collusion, so nobody is named).
 */
export function combine(
  group: Group,
  party: number,
  dealt: readonly Dealt[],
): { readonly commitments: CommitmentVector; readonly share: Scalar } {
  const length = dealt[0]?.commitments.length ?? 0;
  const ones = dealt.map(() => group.scalarFromNumber(1));
  const points = Array.from({ length }, (_, k) =>
    group.multiMulPublic(
      ones,
      dealt.map((part) => part.commitments[k] ?? group.identity),
    ),
  );
  if (points.some((point) => group.equal(point, group.identity))) {
    throw new IpseError("ERR_DKG_POINT", "the commitments of all parties cancel out");
  }
  const commitments = commitmentVector(group, points);
  let share = group.scalarFromNumber(0);
  for (const part of dealt) {
    const sum = group.scalarAdd(share, part.share);
    zeroize(share);
    share = sum;
  }
  if (isShareOf(group, commitments, party, share)) return { commitments, share };
  zeroize(share);
  const culprits = dealt
    .filter((part) => !isShareOf(group, part.commitments, party, part.share))
    .map((part) => part.party);
  throw new IpseError("ERR_DKG_SHARE", `shares of ${culprits.join(", ")} are off their commitments`, {
    culprits,
  });
}

function blame(code: string, party: number, message: string, cause?: unknown): IpseError {
  return new IpseError(code, `oracle ${party}: ${message}`, { culprits: [party], cause });
}
