import { remembered } from "../encoding/remembered.ts";
import { IpseError } from "../errors.ts";
import type { Group, Scalar } from "../group/index.ts";

/** Identifiers are NonZeroScalars (RFC 9591 section 5); here also 16 bits wide. */
export const IDENTIFIER_MAX = 65535;

/** The workload agent's identifier in every mandatory composition; no oracle has it. */
export const WORKLOAD_IDENTIFIER = 65535;

/** Throws ERR_FROST_IDENTIFIER unless the identifier is an integer from 1 to 65535. */
export function checkIdentifier(identifier: number): void {
  if (!Number.isInteger(identifier) || identifier < 1 || identifier > IDENTIFIER_MAX) {
    throw new IpseError("ERR_FROST_IDENTIFIER", "a participant identifier is an integer from 1 to 65535");
  }
}

/** Small scalars remembered for one group: more than the participants of all signatures under way. */
const SMALL_MAX = 1024;
const smallScalars = remembered((_group: Group) => new Map<number, Scalar>());

/** A small public number as a scalar that everybody shares: nobody may change it. Throws ERR_GROUP_SCALAR. */
export function smallScalar(group: Group, value: number): Scalar {
  const known = smallScalars(group);
  const hit = known.get(value);
  if (hit !== undefined) return hit;
  const scalar = group.scalarFromNumber(value);
  if (known.size < SMALL_MAX) known.set(value, scalar);
  return scalar;
}

/** The identifier as a scalar that everybody shares: nobody may change it. Throws ERR_FROST_IDENTIFIER. */
export function identifierScalar(group: Group, identifier: number): Scalar {
  checkIdentifier(identifier);
  return smallScalar(group, identifier);
}
