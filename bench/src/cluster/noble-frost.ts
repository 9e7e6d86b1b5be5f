import type { Commitment, SigningNonces, SigningRequest, UncheckedCommitment } from "@ipse/protocol/frost";
import type { Group, Scalar } from "@ipse/protocol/group";
import { ed25519_FROST } from "@noble/curves/ed25519.js";
import { rescaling } from "../signing/material.ts";

/*
 * What an oracle needs of FROST, by @noble/curves' own ed25519_FROST; the rest stays ours. See noble-install.ts.
 */

export * from "@ipse/protocol/frost";

const { Identifier } = ed25519_FROST;
const RANDOM_BYTES = 32;

/** Only collects its parts: noble hashes them itself, in `commit`. */
export function nonceGenerate(_group: Group, random: Uint8Array, secret: Scalar): Uint8Array {
  return Uint8Array.from([...random, ...secret]);
}

/** noble's commit on two results of nonceGenerate. */
export function commit(
  _group: Group,
  identifier: number,
  hiding: Uint8Array,
  binding: Uint8Array,
): SigningNonces {
  const random = [hiding, binding].map((parts) => parts.subarray(0, RANDOM_BYTES)).values();
  const secret = {
    identifier: Identifier.fromNumber(identifier),
    signingShare: hiding.subarray(RANDOM_BYTES),
  };
  const { nonces, commitments } = ed25519_FROST.commit(secret, () => random.next().value ?? new Uint8Array());
  const commitment = { identifier, hiding: commitments.hiding, binding: commitments.binding };
  return { ...nonces, commitment } as SigningNonces;
}

/** Nothing is decoded here: noble's signShare checks every point of the list, and none is to be checked twice. */
export function validateCommitment(_group: Group, unchecked: UncheckedCommitment): Commitment {
  return unchecked as Commitment;
}

/** noble's signShare computes everything itself. */
export function signingPackage(_group: Group, request: SigningRequest): SigningRequest {
  return request;
}

/** By signer and signer set. */
const factors = new Map<string, Scalar>();

/** Remembered, because a signer with shares of its own for RFC 9591 would not need it. */
function factorOf(group: Group, signers: readonly number[], identifier: number): Scalar {
  const name = `${identifier}/${signers.join()}`;
  const factor = factors.get(name) ?? rescaling(group, signers, identifier);
  factors.set(name, factor);
  return factor;
}

/** noble's signShare, which wipes the nonces, on the rescaled share. */
export function signShare(
  group: Group,
  { threshold, groupPublicKey, commitments, message }: SigningRequest,
  share: Scalar,
  { hiding, binding, commitment: { identifier } }: SigningNonces,
): Uint8Array {
  const signers = commitments.map((entry) => entry.identifier);
  const secret = {
    identifier: Identifier.fromNumber(identifier),
    signingShare: group.scalarMul(share, factorOf(group, signers, identifier)),
  };
  const pub = {
    signers: { min: threshold + 1, max: 65535 },
    commitments: [groupPublicKey],
    verifyingShares: {},
  };
  const list = commitments.map((entry) => ({
    ...entry,
    identifier: Identifier.fromNumber(entry.identifier),
  }));
  return ed25519_FROST.signShare(secret, pub, { hiding, binding }, list, message);
}
