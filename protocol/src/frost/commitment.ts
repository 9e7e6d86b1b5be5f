import { concatBytes } from "../bytes.ts";
import { IpseError } from "../errors.ts";
import type { Group, Point, Scalar } from "../group/index.ts";
import { checkIdentifier, identifierScalar } from "./identifier.ts";

declare const valid: unique symbol;
declare const sorted: unique symbol;

/** A participant's nonce commitments as they arrive. */
export interface UncheckedCommitment {
  readonly identifier: number;
  readonly hiding: Uint8Array;
  readonly binding: Uint8Array;
}

/** Nonce commitments whose identifier is in range and whose points are valid and not the identity. */
export interface Commitment extends UncheckedCommitment {
  readonly hiding: Point;
  readonly binding: Point;
  readonly [valid]: true;
}

/** commitment_list of RFC 9591 section 4.3: not empty, ascending identifiers, none twice. */
export type CommitmentList = readonly Commitment[] & { readonly [sorted]: true };

/**
 * The only way from received commitments to checked ones (RFC 9591 section 5.1 and 5.2: participants MUST
 * validate them). Slow, so done once on arrival. Throws ERR_FROST_IDENTIFIER, or ERR_FROST_COMMITMENT naming
 * the culprit.
 */
export function validateCommitment(group: Group, unchecked: UncheckedCommitment): Commitment {
  const { identifier } = unchecked;
  checkIdentifier(identifier);
  try {
    const [hiding, binding] = group.decodePoints([unchecked.hiding, unchecked.binding]);
    return { identifier, hiding, binding } as unknown as Commitment;
  } catch (cause) {
    throw badCommitment(identifier, cause);
  }
}

/** The commitment of our own nonces; points we computed need no decoding. Throws as validateCommitment does. */
export function ownCommitment(group: Group, identifier: number, hiding: Scalar, binding: Scalar): Commitment {
  checkIdentifier(identifier);
  if (group.scalarIsZero(hiding) || group.scalarIsZero(binding)) throw badCommitment(identifier);
  return {
    identifier,
    hiding: group.baseMul(hiding),
    binding: group.baseMul(binding),
  } as unknown as Commitment;
}

/** Throws ERR_FROST_COMMITMENT_LIST unless the list is sorted by identifier, without duplicates and not empty. */
export function commitmentList(commitments: readonly Commitment[]): CommitmentList {
  let previous = 0;
  for (const { identifier } of commitments) {
    if (identifier <= previous) throw badList("identifiers must ascend, without duplicates");
    previous = identifier;
  }
  if (previous === 0) throw badList("the list is empty");
  return commitments as CommitmentList;
}

/** What encode_group_commitment_list of RFC 9591 section 4.3 puts one after the other. */
export function commitmentListParts(group: Group, list: CommitmentList): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const { identifier, hiding, binding } of list)
    parts.push(identifierScalar(group, identifier), hiding, binding);
  return parts;
}

/** encode_group_commitment_list of RFC 9591 section 4.3. */
export function encodeCommitmentList(group: Group, list: CommitmentList): Uint8Array {
  return concatBytes(...commitmentListParts(group, list));
}

function badCommitment(identifier: number, cause?: unknown): IpseError {
  return new IpseError("ERR_FROST_COMMITMENT", `participant ${identifier} sent an invalid nonce commitment`, {
    culprits: [identifier],
    cause,
  });
}

function badList(message: string): IpseError {
  return new IpseError("ERR_FROST_COMMITMENT_LIST", message);
}
