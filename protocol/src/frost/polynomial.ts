import { zeroize } from "../bytes.ts";
import { IpseError } from "../errors.ts";
import type { Group, Point, Scalar } from "../group/index.ts";
import { identifierScalar } from "./identifier.ts";

declare const vector: unique symbol;

/** The points [a_k]B of a polynomial of degree t-1: exactly t, each valid and not the identity. */
export type CommitmentVector = readonly Point[] & { readonly [vector]: true };

/**
 * The only way from received points to a commitment vector. Throws ERR_FROST_COMMITMENT_LENGTH unless there
 * are exactly `threshold` (another length is another threshold) and ERR_GROUP_POINT on a bad point.
 */
export function decodeCommitmentVector(
  group: Group,
  threshold: number,
  points: readonly Uint8Array[],
): CommitmentVector {
  if (points.length !== threshold || threshold < 1) {
    throw new IpseError(
      "ERR_FROST_COMMITMENT_LENGTH",
      `expected ${threshold} commitments, got ${points.length}`,
    );
  }
  return group.decodePoints(points) as unknown as CommitmentVector;
}

/**
 * A vector of points we computed ourselves: no decoding, but the identity is refused as it would be by
 * everyone who decodes it. Throws ERR_GROUP_POINT.
 */
export function commitmentVector(group: Group, points: readonly Point[]): CommitmentVector {
  if (points.length === 0 || points.some((point) => group.equal(point, group.identity))) {
    throw new IpseError("ERR_GROUP_POINT", "a commitment is the identity");
  }
  return points as unknown as CommitmentVector;
}

/** Commits to secret coefficients: [a_k]B each (RFC 9591 appendix C.2, vss_commit). Throws ERR_GROUP_POINT on a zero one. */
export function commitToPolynomial(group: Group, coefficients: readonly Scalar[]): CommitmentVector {
  return commitmentVector(
    group,
    coefficients.map((coefficient) => group.baseMul(coefficient)),
  );
}

/**
 * f(i) for secret coefficients, constant term first (RFC 9591 appendix C.1.1, polynomial_evaluate).
 * Throws ERR_FROST_IDENTIFIER: f(0) is the secret itself and never asked for by identifier.
 */
export function evaluatePolynomial(
  group: Group,
  coefficients: readonly Scalar[],
  identifier: number,
): Scalar {
  const x = identifierScalar(group, identifier);
  let value = group.scalarFromNumber(0);
  for (let k = coefficients.length - 1; k >= 0; k--) {
    const product = group.scalarMul(value, x);
    zeroize(value);
    value = group.scalarAdd(product, coefficients[k] as Scalar);
    zeroize(product);
  }
  return value;
}

/**
 * F(i), the sum of [i^k]F_k: participant i's verifying share (RFC 9591 appendix C.2,
 * derive_group_info). Throws ERR_FROST_IDENTIFIER.
 */
export function verifyingShare(group: Group, commitments: CommitmentVector, identifier: number): Point {
  const x = identifierScalar(group, identifier);
  const powers: Scalar[] = [];
  let power = group.scalarFromNumber(1);
  for (let k = 0; k < commitments.length; k++) {
    powers.push(power);
    power = group.scalarMul(power, x);
  }
  return group.multiMulPublic(powers, commitments);
}

/** Whether [share]B is F(i), so that `share` lies on the committed polynomial (RFC 9591 appendix C.2, vss_verify). */
export function isShareOf(
  group: Group,
  commitments: CommitmentVector,
  identifier: number,
  share: Scalar,
): boolean {
  return group.equal(group.baseMul(share), verifyingShare(group, commitments, identifier));
}
