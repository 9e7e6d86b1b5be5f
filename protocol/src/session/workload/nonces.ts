import { concatBytes } from "../../bytes.ts";
import { type Hash, hashOf, list, struct, taggedHash } from "../../encoding/index.ts";
import { commit, deriveNonce, type SigningNonces, WORKLOAD_IDENTIFIER } from "../../frost/index.ts";
import { oracleId } from "../../ids.ts";
import { ORACLES_MAX } from "../../limits.ts";
import { type NonceSlot, nonceSlot } from "../signing.ts";
import type { Turn } from "./turn.ts";

/** The oracles' part of a COMMIT: who signs and with which slots. */
const chosenSlots = list(struct({ oracle: oracleId, slot: nonceSlot }), ORACLES_MAX);

/** What W's nonces of one COMMIT are bound to besides its share and fresh randomness. */
export interface NonceContext {
  readonly headerHash: Hash;
  /** H(the oracles' commitments). */
  readonly commitments: Hash;
  readonly signers: Uint8Array;
}

function u16Bytes(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255);
}

export function nonceContext(
  headerHash: Hash,
  chosen: readonly { readonly oracle: number; readonly slot: NonceSlot }[],
): NonceContext {
  return {
    headerHash,
    commitments: hashOf("ipse/v1/nonce-commitments", chosenSlots, chosen),
    signers: taggedHash("ipse/v1/nonce-signers", ...chosen.map(({ oracle }) => u16Bytes(oracle))),
  };
}

/**
 * W's nonces for message j (SPEC section 5), drawn after the oracles'
 * commitments arrived: H3(32 fresh kernel bytes || s_W || hash(h) || H(commitments) || S || j || role).
 * Two copies of W that choose other signers or see other slots have other nonces even
 * with the same kernel randomness. HAZARD: use each once, in this turn; never store them.
 */
export function drawNonces(
  turn: Turn,
  share: Uint8Array,
  context: NonceContext,
  message: number,
): SigningNonces {
  const fixed = concatBytes(context.headerHash, context.commitments, context.signers, u16Bytes(message));
  const derive = (role: number) =>
    deriveNonce(turn.group, [turn.context.random(32), share, fixed, Uint8Array.of(role)]);
  return commit(turn.group, WORKLOAD_IDENTIFIER, derive(1), derive(2));
}
