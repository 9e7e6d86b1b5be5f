import { IpseError } from "../errors.ts";
import type { Group, Point } from "../group/index.ts";
import type { CommitmentVector } from "./polynomial.ts";

/*
 * The mandatory composition: PK = PK_W + PK_O. The workload agent's share s_W counts with coefficient 1,
 * the oracles' shares of s_O with Lagrange coefficients over the oracles alone. It equals RFC 9591 with the
 * shares s_i (x_W - x_i) / x_W and s_W / lambda_W(S), which the tests run against an unmodified signer.
 */

/** PK = PK_W + PK_O. Throws ERR_FROST_PUBLIC_KEY when the sum is the identity. */
export function composePublicKey(group: Group, workload: Point, oracles: Point): Point {
  const sum = group.add(workload, oracles);
  if (group.equal(sum, group.identity)) {
    throw new IpseError("ERR_FROST_PUBLIC_KEY", "the group public key is the identity");
  }
  return sum;
}

/** The workload's verifying share PK - F(0). Throws ERR_FROST_PUBLIC_KEY when it is the identity. */
export function workloadVerifyingShare(
  group: Group,
  groupPublicKey: Point,
  commitments: CommitmentVector,
): Point {
  const share = group.sub(groupPublicKey, commitments[0] ?? group.identity);
  if (group.equal(share, group.identity)) {
    throw new IpseError("ERR_FROST_PUBLIC_KEY", "the workload's verifying share is the identity");
  }
  return share;
}
