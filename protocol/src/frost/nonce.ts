import { IpseError } from "../errors.ts";
import type { Group, Scalar } from "../group/index.ts";
import { type Commitment, ownCommitment } from "./commitment.ts";
import { h3 } from "./suite.ts";

const RANDOM_BYTES = 32;

/**
 * A participant's nonces for ONE signature share, and the commitment it published for them.
 * HAZARD: nonces used with two messages or two commitment lists give the signing share away. Never
 * serialize them, never copy them; `signShare` wipes them.
 */
export interface SigningNonces {
  readonly hiding: Scalar;
  readonly binding: Scalar;
  readonly commitment: Commitment;
}

/**
 * nonce_generate of RFC 9591 section 4.1: H3(32 fresh random bytes || secret), so that a weak random source
 * alone does not repeat a nonce. Throws ERR_FROST_NONCE on another number of random bytes.
 */
export function nonceGenerate(group: Group, random: Uint8Array, secret: Scalar): Scalar {
  if (random.length !== RANDOM_BYTES) {
    throw new IpseError("ERR_FROST_NONCE", "a nonce takes 32 random bytes");
  }
  return h3(group, random, secret);
}

/**
 * H3 over more parts: the workload hashes fresh randomness, its share, the step and the oracles' commitments.
 * The parts are concatenated as they are; the caller gives each a fixed length.
 */
export function deriveNonce(group: Group, parts: readonly Uint8Array[]): Scalar {
  return h3(group, ...parts);
}

/** Round one, RFC 9591 section 5.1: the nonces with their commitment. Throws ERR_FROST_IDENTIFIER, ERR_FROST_COMMITMENT on a zero nonce. */
export function commit(group: Group, identifier: number, hiding: Scalar, binding: Scalar): SigningNonces {
  return { hiding, binding, commitment: ownCommitment(group, identifier, hiding, binding) };
}
