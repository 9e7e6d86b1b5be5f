import { remembered } from "../encoding/remembered.ts";
import { IpseError } from "../errors.ts";
import type { Group, Scalar } from "../group/index.ts";
import { identifierScalar, smallScalar, WORKLOAD_IDENTIFIER } from "./identifier.ts";

/**
 * How signature shares add up. `rfc9591`: Lagrange over all signers. `mandatory`: the workload counts once,
 * the others with Lagrange over the oracles alone.
 */
export type CoefficientRule = "rfc9591" | "mandatory";

/**
 * The signers whose shares are interpolated. Throws ERR_FROST_SIGNERS when they are fewer than the threshold,
 * or when the mandatory rule misses its workload: without it nothing can be signed.
 */
export function interpolated(
  rule: CoefficientRule,
  signers: readonly number[],
  threshold: number,
): readonly number[] {
  const set = rule === "mandatory" ? signers.filter((id) => id !== WORKLOAD_IDENTIFIER) : signers;
  if (rule === "mandatory" && set.length !== signers.length - 1) {
    throw new IpseError("ERR_FROST_SIGNERS", "the workload must be among the signers");
  }
  if (set.length < threshold) {
    throw new IpseError("ERR_FROST_SIGNERS", `${threshold} signers are needed, got ${set.length}`);
  }
  return set;
}

/** Coefficients remembered for one group: more than the signer sets that are in use at a time. */
const REMEMBERED_MAX = 4096;
const coefficients = remembered((_group: Group) => new Map<string, Scalar>());

/** A signer's coefficient under the rule; everybody shares it, so nobody may change it. Throws ERR_FROST_NOT_SIGNER. */
export function coefficient(
  group: Group,
  rule: CoefficientRule,
  interpolatedSigners: readonly number[],
  identifier: number,
): Scalar {
  if (rule === "mandatory" && identifier === WORKLOAD_IDENTIFIER) return smallScalar(group, 1);
  return lagrangeCoefficient(group, interpolatedSigners, identifier);
}

/**
 * derive_interpolating_value of RFC 9591 section 4.2: the product of x_j / (x_j - x_i) over j other than i.
 * Public, a function of the signer set alone, and its inversion is slow: the recent ones are remembered and shared,
 * so nobody may change them.
 * Throws ERR_FROST_NOT_SIGNER when i is not in the set, ERR_FROST_COMMITMENT_LIST on duplicates.
 */
export function lagrangeCoefficient(
  group: Group,
  identifiers: readonly number[],
  identifier: number,
): Scalar {
  const known = coefficients(group);
  const name = `${identifier}/${identifiers.join()}`;
  const hit = known.get(name);
  if (hit !== undefined) return hit;
  const computed = interpolatingValue(group, identifiers, identifier);
  if (known.size >= REMEMBERED_MAX) known.clear();
  known.set(name, computed);
  return computed;
}

function interpolatingValue(group: Group, identifiers: readonly number[], identifier: number): Scalar {
  if (new Set(identifiers).size !== identifiers.length) {
    throw new IpseError("ERR_FROST_COMMITMENT_LIST", "an identifier stands twice in the list");
  }
  if (!identifiers.includes(identifier)) {
    throw new IpseError("ERR_FROST_NOT_SIGNER", `participant ${identifier} is not among the signers`);
  }
  let numerator = group.scalarFromNumber(1);
  let denominator = numerator;
  for (const other of identifiers) {
    if (other === identifier) continue;
    const distance = group.scalarFromNumber(Math.abs(other - identifier));
    numerator = group.scalarMul(numerator, identifierScalar(group, other));
    denominator = group.scalarMul(denominator, other < identifier ? group.scalarNegate(distance) : distance);
  }
  return group.scalarMul(numerator, group.scalarInvert(denominator));
}
