import { aggregate } from "../../src/frost/index.ts";
import type { Scalar } from "../../src/group/index.ts";
import {
  accept,
  addDelta,
  checkRatchet,
  deal,
  evaluate,
  ratchetCommitments,
  ratchetWorkloadShare,
} from "../../src/ratchet/index.ts";
import { allShares, dealKey, startRound, type TestKey, verifyingShareOf } from "../frost/keys.ts";
import { anyGroup, seededRandom } from "../group/backends.ts";

/** What W keeps per oracle: the deltas since the version the oracle last confirmed. */
export interface Holders {
  readonly key: TestKey;
  readonly owed: ReadonlyMap<number, Scalar>;
}

export function newHolders(n: number, t: number, seed: string): Holders {
  const key = dealKey(anyGroup, n, t, seed);
  return { key, owed: new Map([...key.shares.keys()].map((id) => [id, anyGroup.scalarFromNumber(0)])) };
}

/** One ratchet that reaches only the present oracles; the others keep what they hold and are owed more. */
export function ratchet(holders: Holders, present: readonly number[], seed: string): Holders {
  const { key } = holders;
  const { group, threshold, groupPublicKey } = key;
  const dealing = deal(group, { threshold, random: seededRandom(seed) });
  const commitments = checkRatchet(group, {
    threshold,
    groupPublicKey,
    commitments: ratchetCommitments(group, key.commitments, dealing),
  });
  const shares = new Map(key.shares);
  const owed = new Map<number, Scalar>();
  for (const [identifier, share] of key.shares) {
    const sum = holders.owed.get(identifier) ?? group.scalarFromNumber(0);
    const delta = addDelta(group, sum, evaluate(group, dealing, identifier));
    const here = present.includes(identifier);
    if (here) shares.set(identifier, accept(group, { identifier, share, delta, commitments }));
    owed.set(identifier, here ? group.scalarFromNumber(0) : delta);
  }
  const workloadShare = ratchetWorkloadShare(group, key.workloadShare, dealing);
  return { key: { ...key, workloadShare, shares, commitments }, owed };
}

export function sign(
  key: TestKey,
  oracles: readonly number[],
  message: Uint8Array,
  seed: string,
): Uint8Array {
  const round = startRound(key, oracles, message, seed);
  const shares = allShares(key, round);
  return aggregate(key.group, round.signing, shares, (id) => verifyingShareOf(key, id));
}
