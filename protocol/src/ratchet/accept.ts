import { IpseError } from "../errors.ts";
import {
  type CommitmentVector,
  decodeCommitmentVector,
  isShareOf,
  workloadVerifyingShare,
} from "../frost/index.ts";
import type { Group, Point, Scalar } from "../group/index.ts";

export interface RatchetClaim {
  readonly threshold: number;
  readonly groupPublicKey: Point;
  /** F' as it stands in the step's body. */
  readonly commitments: readonly Uint8Array[];
}

/**
 * The public check of a ratchet, the same at everyone: F' is exactly t valid points and leaves the workload
 * a share, PK - F'(0) not the identity. Throws ERR_RATCHET_COMMITMENTS.
 */
export function checkRatchet(group: Group, claim: RatchetClaim): CommitmentVector {
  try {
    const commitments = decodeCommitmentVector(group, claim.threshold, claim.commitments);
    workloadVerifyingShare(group, claim.groupPublicKey, commitments);
    return commitments;
  } catch (cause) {
    const message = "not a commitment vector that fits the threshold and the public key";
    throw new IpseError("ERR_RATCHET_COMMITMENTS", message, { cause });
  }
}

export interface RatchetOffer {
  readonly identifier: number;
  /** s_i of the base version: the oracle's own, trusted. */
  readonly share: Scalar;
  /** A_i, the sum of D(i) since that version, as it was opened. */
  readonly delta: Uint8Array;
  /** F', checked. */
  readonly commitments: CommitmentVector;
}

/**
 * The oracle's side: s_i - A_i, accepted if [s_i - A_i]B = F'(i), so that it is the share everyone will hold
 * it to. Throws ERR_RATCHET_SHARE, naming nobody: the base may differ as well as the delta be wrong. Neither
 * input is wiped; the old share lives until a certificate lets it go (SPEC section 6).
 */
export function accept(group: Group, offer: RatchetOffer): Scalar {
  const { identifier, share, commitments } = offer;
  const next = group.scalarSub(share, decodeDelta(group, offer.delta));
  if (!group.scalarIsZero(next) && isShareOf(group, commitments, identifier, next)) return next;
  next.fill(0);
  throw refused();
}

function decodeDelta(group: Group, delta: Uint8Array): Scalar {
  try {
    return group.decodeScalar(delta);
  } catch (cause) {
    throw refused(cause);
  }
}

function refused(cause?: unknown): IpseError {
  return new IpseError("ERR_RATCHET_SHARE", "the delta does not lead to a share of the new commitments", {
    cause,
  });
}
