import {
  certificateInput,
  deriveKeyId,
  leafOf,
  merkleLevels,
  merklePath,
  merkleRoot,
  type PoolKey,
} from "@ipse/protocol/dkg";
import { commitToPolynomial, evaluatePolynomial, makeProof } from "@ipse/protocol/frost";
import type { Scalar } from "@ipse/protocol/group";
import {
  chainInput,
  type EnrollClaims,
  type Enrollment,
  enrollHeader,
  evidenceInput,
  proofInput,
  type Reservation,
  reservationInput,
} from "@ipse/protocol/session";
import type { DurableState } from "@ipse/protocol/session/workload";
import type { Prng } from "../core/index.ts";
import type { Cluster, TicketWithSeed } from "./cluster.ts";

/** One pool key as the ideal dealer makes it: what a DKG would leave behind, without the ceremony. */
export interface DealtPoolKey {
  readonly key: PoolKey;
  readonly keyId: Uint8Array;
  /** Signing share of oracle i at index i - 1. */
  readonly shares: readonly Scalar[];
}

/**
 * The ideal functionality in place of the key generation: random sharings with the
 * same certificates that n honest oracles would have signed. Campaigns start from
 * it; scenarios about the pool run the real ceremony.
 */
export function dealPoolKeys(cluster: Cluster, prng: Prng, count: number): DealtPoolKey[] {
  const { group, topology, rosterHash, voteSeeds } = cluster;
  const ceremony = prng.bytes(32);
  const transcript = prng.bytes(32);
  const polynomials = Array.from({ length: count }, () =>
    Array.from({ length: topology.quorum }, () => group.scalarFromWide(prng.bytes(64))),
  );
  const vectors = polynomials.map((coefficients) => commitToPolynomial(group, coefficients));
  const tree = merkleLevels(
    vectors.map((commitments, index) => leafOf({ rosterHash, ceremony, index, commitments })),
  );
  const input = certificateInput({
    rosterHash,
    ceremony,
    oracleCount: topology.oracles,
    threshold: topology.quorum,
    count,
    transcript,
    root: merkleRoot(tree),
  });
  const certificate = voteSeeds.map((seed) => group.ed25519.sign(seed, input));
  return polynomials.map((coefficients, index) => {
    const commitments = vectors[index] ?? [];
    const key: PoolKey = {
      version: 1,
      rosterHash,
      ceremony,
      index,
      count,
      commitments,
      merklePath: merklePath(tree, index),
      transcript,
      certificate,
    };
    const shares = voteSeeds.map((_, i) => evaluatePolynomial(group, coefficients, i + 1));
    return { key, keyId: deriveKeyId(key), shares };
  });
}

/** The state of a workload that holds a reservation and is about to send its ENROLL. */
export function enrollingState(
  cluster: Cluster,
  prng: Prng,
  dealt: DealtPoolKey,
  ticket: TicketWithSeed,
  use = 1,
): { readonly state: DurableState; readonly enrollment: Enrollment } {
  const { group } = cluster;
  const { ed25519 } = group;
  const evidenceSeed = prng.bytes(32);
  const chainSeed = prng.bytes(32);
  const share = group.scalarFromWide(prng.bytes(64));
  const evidenceKey = ed25519.publicKey(evidenceSeed);
  const owner = (dealt.key.index % cluster.topology.oracles) + 1;
  const reservation: Reservation = {
    version: 1,
    rosterHash: cluster.rosterHash,
    owner,
    poolKeyId: dealt.keyId,
    ticketId: ticket.ticket.ticket.id,
    use,
    evidenceKey,
  };
  const ownerSeed = cluster.voteSeeds[owner - 1] ?? new Uint8Array(32);
  const workloadKey = group.baseMul(share);
  const claims: EnrollClaims = {
    version: 1,
    ticket: ticket.ticket,
    use,
    workloadKey,
    poolKey: dealt.key,
    reservation: { reservation, signature: ed25519.sign(ownerSeed, reservationInput(reservation)) },
    evidenceKey,
    nextChainKey: ed25519.publicKey(chainSeed),
  };
  const proof = makeProof(group, share, workloadKey, proofInput(claims), prng.bytes(64));
  const body = { ...claims, proof };
  const header = enrollHeader(body);
  const signed = {
    header,
    chainSignature: ed25519.sign(ticket.ticketSeed, chainInput(header)),
    evidenceSignature: ed25519.sign(evidenceSeed, evidenceInput(header)),
  };
  const enrollment = { signed, body };
  const state: DurableState = {
    version: 1,
    machine: "genesis",
    phase: {
      kind: "enrolling",
      ticket: ticket.ticket,
      ticketSeed: ticket.ticketSeed.slice(),
      use,
      attempt: 0,
      evidenceSeed,
      chainSeed,
      share,
      pending: enrollment,
    },
  };
  return { state, enrollment };
}
