import { ed25519_FROST } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lagrangeCoefficient } from "../../src/frost/coefficient.ts";
import { aggregate, signShare, WORKLOAD_IDENTIFIER } from "../../src/frost/index.ts";
import type { Scalar } from "../../src/group/index.ts";
import { backends, nodeVerify, runs } from "../group/backends.ts";
import {
  allShares,
  dealKey,
  type Round,
  shareOf,
  startRound,
  type TestKey,
  verifyingShareOf,
} from "./keys.ts";

/** n oracles, threshold t, and a signer set of at least t of them. */
const setup = fc
  .integer({ min: 2, max: 10 })
  .chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 2, max: n })))
  .chain(([n, t]) =>
    fc.record({
      n: fc.constant(n),
      t: fc.constant(t),
      oracles: fc.shuffledSubarray(
        Array.from({ length: n }, (_, i) => i + 1),
        { minLength: t },
      ),
      message: fc.uint8Array({ maxLength: 100 }),
      seed: fc.string(),
    }),
  );

/** The share an RFC 9591 signer must hold for its Lagrange coefficient over ALL signers to give our term. */
function rescaled(key: TestKey, signers: readonly number[], identifier: number): Scalar {
  const { group } = key;
  const share = shareOf(key, identifier);
  if (identifier === WORKLOAD_IDENTIFIER) {
    return group.scalarMul(share, group.scalarInvert(lagrangeCoefficient(group, signers, identifier)));
  }
  const factor = group.scalarMul(
    group.scalarFromNumber(WORKLOAD_IDENTIFIER - identifier),
    group.scalarInvert(group.scalarFromNumber(WORKLOAD_IDENTIFIER)),
  );
  return group.scalarMul(share, factor);
}

/** Runs noble's signer on the rescaled shares with the nonces of the round. */
function noblePeer(key: TestKey, round: Round, message: Uint8Array) {
  const { Identifier } = ed25519_FROST;
  const signers = [...round.nonces.keys()];
  const name = (id: number) => Identifier.fromNumber(id);
  const list = round.list.map(({ identifier, hiding, binding }) => ({
    identifier: name(identifier),
    hiding,
    binding,
  }));
  const shares = new Map(signers.map((id) => [id, rescaled(key, signers, id)] as const));
  const pub = {
    signers: { min: 2, max: WORKLOAD_IDENTIFIER },
    commitments: [key.groupPublicKey, key.groupPublicKey],
    verifyingShares: Object.fromEntries([...shares].map(([id, s]) => [name(id), key.group.baseMul(s)])),
  };
  const signed = [...shares].map(([id, signingShare]) => {
    const nonces = round.nonces.get(id);
    if (nonces === undefined) throw new Error("no nonces");
    const own = { hiding: nonces.hiding.slice(), binding: nonces.binding.slice() };
    const secret = { identifier: name(id), signingShare };
    return [id, ed25519_FROST.signShare(secret, pub, own, list, message)] as const;
  });
  const signature = ed25519_FROST.aggregate(
    pub,
    list,
    message,
    Object.fromEntries(signed.map(([id, z]) => [name(id), z])),
  );
  return { shares: new Map(signed), signature };
}

describe.each(backends.map((group) => [group.name, group] as const))(
  "mandatory composition on %s",
  (_, group) => {
    test("gives share for share what noble's RFC 9591 signer gives on rescaled shares", () => {
      fc.assert(
        fc.property(setup, ({ n, t, oracles, message, seed }) => {
          const key = dealKey(group, n, t, seed);
          const round = startRound(key, oracles, message, seed);
          const peer = noblePeer(key, round, message);
          const ours = allShares(key, round);
          for (const { identifier, share } of ours) expect(share).toEqual(peer.shares.get(identifier));
          const signature = aggregate(group, round.signing, ours, () => {
            throw new Error("asked for verifying shares of a good signature");
          });
          expect(signature).toEqual(peer.signature);
          expect(nodeVerify(key.groupPublicKey, message, signature)).toBe(true);
        }),
        runs(0.05),
      );
    });

    test("names exactly the signers whose shares are wrong", () => {
      const wrong = fc.uniqueArray(fc.nat({ max: 10 }), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(setup, wrong, ({ n, t, oracles, message, seed }, positions) => {
          const key = dealKey(group, n, t, seed);
          const round = startRound(key, oracles, message, seed);
          const signers = [...round.nonces.keys()];
          const liars = new Set(positions.map((at) => signers[at % signers.length] ?? 0));
          const one = group.scalarFromNumber(1);
          const shares = allShares(key, round).map(({ identifier, share }) => ({
            identifier,
            share: liars.has(identifier) ? group.scalarAdd(share, one) : share,
          }));
          const culprits = [...liars].sort((a, b) => a - b);
          expect(() => aggregate(group, round.signing, shares, (id) => verifyingShareOf(key, id))).toThrow(
            expect.objectContaining({ code: "ERR_FROST_SHARE", culprits }),
          );
        }),
        runs(0.05),
      );
    });

    test("without the workload's true share nothing verifies, whoever the oracles are", () => {
      fc.assert(
        fc.property(setup, ({ n, t, oracles, message, seed }) => {
          const key = dealKey(group, n, t, seed);
          const round = startRound(key, oracles, message, seed);
          const guess = new Map([[WORKLOAD_IDENTIFIER, group.scalarFromNumber(7)]]);
          const shares = allShares(key, round, guess);
          expect(() => aggregate(group, round.signing, shares, (id) => verifyingShareOf(key, id))).toThrow(
            expect.objectContaining({ culprits: [WORKLOAD_IDENTIFIER] }),
          );
        }),
        runs(0.05),
      );
    });

    test("nonces are wiped by signing and refused afterwards", () => {
      const key = dealKey(group, 4, 3, "nonces");
      const message = new Uint8Array(3);
      const round = startRound(key, [1, 2, 4], message, "nonces");
      const nonces = round.nonces.get(2);
      if (nonces === undefined) throw new Error("no nonces");
      signShare(group, round.signing, shareOf(key, 2), nonces);
      expect(group.scalarIsZero(nonces.hiding) && group.scalarIsZero(nonces.binding)).toBe(true);
      expect(() => signShare(group, round.signing, shareOf(key, 2), nonces)).toThrow(
        expect.objectContaining({ code: "ERR_FROST_NONCE" }),
      );
    });
  },
);
