import { ed25519_FROST } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { verifyPoolKey } from "../../src/dkg/index.ts";
import {
  aggregate,
  type CommitmentVector,
  composePublicKey,
  isShareOf,
  lagrangeCoefficient,
} from "../../src/frost/index.ts";
import type { Scalar } from "../../src/group/index.ts";
import { allShares, startRound, type TestKey, verifyingShareOf } from "../frost/keys.ts";
import { anyGroup, nodeVerify, randomScalar, runs, seededRandom } from "../group/backends.ts";
import { Ceremony } from "./ceremony.ts";

const group = anyGroup;
const shape = fc.integer({ min: 2, max: 5 }).chain((n) =>
  fc.record({
    n: fc.constant(n),
    t: fc.integer({ min: 2, max: n }),
    count: fc.integer({ min: 1, max: 5 }),
    seed: fc.string(),
  }),
);

/** A deterministic sequence of choices. */
function chooser(seed: string): (bound: number) => number {
  const random = seededRandom(`${seed}/choices`);
  return (bound) => {
    const [a = 0, b = 0, c = 0] = random(3);
    return ((a << 16) | (b << 8) | c) % bound;
  };
}

/** The one outcome of a finished ceremony, seen from all sides. */
function outcome(ceremony: Ceremony, index: number) {
  const dealt = ceremony.parties.map((party) => {
    const key = ceremony.output(party).done?.[index];
    if (key === undefined) throw new Error(`oracle ${party} is not done`);
    return key;
  });
  const [first] = dealt;
  if (first === undefined) throw new Error("no oracle");
  for (const key of dealt) expect([key.id, key.poolKey]).toEqual([first.id, first.poolKey]);
  const commitments = first.poolKey.commitments as unknown as CommitmentVector;
  return { poolKey: first.poolKey, commitments, shares: new Map(dealt.map((key, i) => [i + 1, key.share])) };
}

function expectGoodKeys(ceremony: Ceremony): void {
  const { count, threshold } = ceremony.params;
  for (let index = 0; index < count; index++) {
    const { poolKey, commitments, shares } = outcome(ceremony, index);
    expect(verifyPoolKey(group, ceremony.params, poolKey)).toEqual(commitments);
    expect(commitments).toHaveLength(threshold);
    for (const [party, share] of shares) expect(isShareOf(group, commitments, party, share)).toBe(true);
    const signers = [...shares.keys()].slice(-threshold);
    const secret = signers.reduce(
      (sum, party) =>
        group.scalarAdd(
          sum,
          group.scalarMul(lagrangeCoefficient(group, signers, party), shares.get(party) as Scalar),
        ),
      group.scalarFromNumber(0),
    );
    expect(group.baseMul(secret)).toEqual(commitments[0]);
  }
}

describe("a ceremony", () => {
  test("gives everyone the same keys in whatever order messages come, and however often", () => {
    fc.assert(
      fc.property(shape, ({ n, t, count, seed }) => {
        const ceremony = new Ceremony(n, t, count, seed);
        const choose = chooser(seed);
        ceremony.tamper = (envelope) => (choose(3) === 0 ? [envelope, envelope] : [envelope]);
        expectGoodKeys(ceremony.run(choose));
      }),
      runs(0.25),
    );
  });

  test("completes after losses and restarts, by asking to resume", () => {
    fc.assert(
      fc.property(shape, ({ n, t, count, seed }) => {
        const ceremony = new Ceremony(n, t, count, seed);
        const choose = chooser(seed);
        ceremony.tamper = (envelope) => (choose(5) < 2 ? [] : [envelope]);
        for (let round = 0; round < 5; round++) {
          ceremony.run(choose);
          ceremony.step(1 + choose(n), { kind: "resume" });
        }
        ceremony.tamper = (envelope) => [envelope];
        for (let round = 0; round < 4; round++) {
          for (const party of ceremony.parties) ceremony.step(party, { kind: "resume" });
          ceremony.run(choose);
        }
        expectGoodKeys(ceremony);
      }),
      runs(0.25),
    );
  });

  test("gives keys that sign together with a workload's share", () => {
    fc.assert(
      fc.property(shape, fc.uint8Array({ maxLength: 50 }), ({ n, t, seed }, message) => {
        const ceremony = new Ceremony(n, t, 1, seed).run();
        const { commitments, shares } = outcome(ceremony, 0);
        const workloadShare = randomScalar(group, seededRandom(`${seed}/workload`));
        const [oracles = group.identity] = commitments;
        const groupPublicKey = composePublicKey(group, group.baseMul(workloadShare), oracles);
        const key: TestKey = { group, threshold: t, workloadShare, shares, commitments, groupPublicKey };
        const round = startRound(key, ceremony.parties.slice(n - t), message, seed);
        const signature = aggregate(group, round.signing, allShares(key, round), (id) =>
          verifyingShareOf(key, id),
        );
        expect(nodeVerify(groupPublicKey, message, signature)).toBe(true);
      }),
      runs(0.25),
    );
  });

  test("gives shares that noble's FROST takes for its own", () => {
    const ceremony = new Ceremony(4, 3, 2, "noble").run();
    const { commitments, shares } = outcome(ceremony, 1);
    const name = (party: number) => ed25519_FROST.Identifier.fromNumber(party);
    const secrets = [...shares].map(([party, signingShare]) => ({ identifier: name(party), signingShare }));
    const pub = {
      signers: { min: 3, max: 4 },
      commitments: [...commitments],
      verifyingShares: Object.fromEntries([...shares].map(([party, s]) => [name(party), group.baseMul(s)])),
    };
    for (const secret of secrets) ed25519_FROST.validateSecret(secret, pub);
    const combined = ed25519_FROST.combineSecret(secrets, pub.signers);
    expect(group.baseMul(group.decodeScalar(combined))).toEqual(commitments[0]);
  });
});
