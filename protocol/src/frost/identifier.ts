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

/** The identifier as a scalar. Throws ERR_FROST_IDENTIFIER. */
export function identifierScalar(group: Group, identifier: number): Scalar {
  checkIdentifier(identifier);
  return group.scalarFromNumber(identifier);
}
