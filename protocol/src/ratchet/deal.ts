import { zeroize } from "../bytes.ts";
import { IpseError } from "../errors.ts";
import { type CommitmentVector, commitmentVector, evaluatePolynomial } from "../frost/index.ts";
import { type Group, type Scalar, WIDE_BYTES } from "../group/index.ts";

/*
 * The workload's side of a ratchet (SPEC section 6): it moves a random polynomial D from the oracles'
 * shares into its own, s_W += D(0) and s_i -= D(i). The public key stays, every old share becomes useless.
 */

/** The coefficients of D, constant term first. Secret, in memory only; wipe it when the step is durable. */
export type Dealing = readonly Scalar[];

export interface DealOptions {
  /** t: the degree of D is t - 1, that of the oracles' sharing. */
  readonly threshold: number;
  /** Fresh secret bytes; see SPEC section 6 for what they must be derived from. */
  readonly random: (length: number) => Uint8Array;
}

/** Draws D. Throws ERR_RATCHET_DEAL on a threshold below one. */
export function deal(group: Group, { threshold, random }: DealOptions): Dealing {
  if (!Number.isInteger(threshold) || threshold < 1) {
    throw new IpseError("ERR_RATCHET_DEAL", "the threshold is a positive integer");
  }
  return Array.from({ length: threshold }, () => {
    const wide = random(WIDE_BYTES);
    const coefficient = group.scalarFromWide(wide);
    zeroize(wide);
    return coefficient;
  });
}

/** D(i), which oracle i takes off its share. Throws ERR_FROST_IDENTIFIER. */
export function evaluate(group: Group, dealing: Dealing, identifier: number): Scalar {
  return evaluatePolynomial(group, dealing, identifier);
}

/** A_i so far plus a further D(i): what an oracle that missed ratchets takes off its older share at once. */
export function addDelta(group: Group, sum: Scalar, delta: Scalar): Scalar {
  return group.scalarAdd(sum, delta);
}

/** s_W + D(0). Throws ERR_RATCHET_DEAL when that is zero: deal again. */
export function ratchetWorkloadShare(group: Group, share: Scalar, dealing: Dealing): Scalar {
  const next = group.scalarAdd(share, constantTerm(dealing));
  if (group.scalarIsZero(next)) throw new IpseError("ERR_RATCHET_DEAL", "the new workload share is zero");
  return next;
}

/**
 * F' = F - [d_k]B, the new absolute commitment vector. Throws ERR_RATCHET_DEAL when the degrees differ or a
 * point comes out as the identity (which chance does not bring about): deal again.
 */
export function ratchetCommitments(
  group: Group,
  commitments: CommitmentVector,
  dealing: Dealing,
): CommitmentVector {
  if (commitments.length !== dealing.length) {
    throw new IpseError("ERR_RATCHET_DEAL", `expected a dealing of ${commitments.length} coefficients`);
  }
  const moved = dealing.map((coefficient, k) =>
    group.sub(commitments[k] ?? group.identity, group.baseMul(coefficient)),
  );
  try {
    return commitmentVector(group, moved);
  } catch (cause) {
    throw new IpseError("ERR_RATCHET_DEAL", "a new commitment is the identity", { cause });
  }
}

function constantTerm(dealing: Dealing): Scalar {
  const [first] = dealing;
  if (first === undefined) throw new IpseError("ERR_RATCHET_DEAL", "an empty dealing");
  return first;
}
