import { describe, expect, test } from "vitest";
import {
  aggregate,
  commitmentList,
  commitmentVector,
  composePublicKey,
  decodeCommitmentVector,
  deriveNonce,
  evaluatePolynomial,
  groupCommitment,
  lagrangeCoefficient,
  nonceGenerate,
  ownCommitment,
  signingPackage,
  signShare,
  validateCommitment,
  verifyingShare,
  verifyShare,
  WORKLOAD_IDENTIFIER,
  workloadVerifyingShare,
} from "../../src/frost/index.ts";
import type { Scalar } from "../../src/group/index.ts";
import { anyGroup, backends } from "../group/backends.ts";
import { badScalars, mixedOrder, nonCanonical, torsion } from "../group/encodings.ts";
import { allShares, dealKey, shareOf, startRound, verifyingShareOf } from "./keys.ts";

const error = (code: string, culprits: readonly number[] = []) => expect.objectContaining({ code, culprits });
const message = new TextEncoder().encode("message");

const badPoints: readonly (readonly [string, Uint8Array])[] = [
  ...torsion.map((point, i) => [`torsion ${i}`, point] as const),
  ...mixedOrder.map((point, i) => [`mixed order ${i}`, point] as const),
  ...nonCanonical,
];

describe.each(backends.map((group) => [group.name, group] as const))("received points on %s", (_, group) => {
  const good = group.baseMul(group.scalarFromNumber(5));

  test.each(badPoints)("%s is refused as a commitment, naming its sender", (_name, bad) => {
    for (const pair of [
      { hiding: bad, binding: good },
      { hiding: good, binding: bad },
    ]) {
      expect(() => validateCommitment(group, { identifier: 3, ...pair })).toThrow(
        error("ERR_FROST_COMMITMENT", [3]),
      );
    }
    expect(() => decodeCommitmentVector(group, 2, [good, bad])).toThrow(error("ERR_GROUP_POINT"));
  });

  test.each(badScalars)("%s is refused as a signature share, naming its sender", (_name, bad) => {
    const key = dealKey(group, 3, 2, "scalars");
    const round = startRound(key, [1, 3], message, "scalars");
    const shares = allShares(key, round).map((entry) =>
      entry.identifier === 3 ? { ...entry, share: bad } : entry,
    );
    expect(() => aggregate(group, round.signing, shares, (id) => verifyingShareOf(key, id))).toThrow(
      error("ERR_FROST_SHARE", [3]),
    );
  });
});

describe("identifiers and lists", () => {
  const group = anyGroup;
  const at = (identifier: number) =>
    ownCommitment(group, identifier, group.scalarFromNumber(3), group.scalarFromNumber(4));

  test.each([0, -1, 65536, 1.5, Number.NaN])("identifier %d is refused", (identifier) => {
    const { hiding, binding } = at(1);
    const refused = error("ERR_FROST_IDENTIFIER");
    expect(() => validateCommitment(group, { identifier, hiding, binding })).toThrow(refused);
    expect(() => at(identifier)).toThrow(refused);
    const key = dealKey(group, 2, 2, "id");
    expect(() => verifyingShare(group, key.commitments, identifier)).toThrow(refused);
    expect(() => evaluatePolynomial(group, [group.scalarFromNumber(1)], identifier)).toThrow(refused);
  });

  test("unsorted, duplicate and empty lists are refused", () => {
    const refused = error("ERR_FROST_COMMITMENT_LIST");
    expect(commitmentList([at(1), at(65535)])).toHaveLength(2);
    expect(() => commitmentList([at(2), at(1)])).toThrow(refused);
    expect(() => commitmentList([at(2), at(2)])).toThrow(refused);
    expect(() => commitmentList([])).toThrow(refused);
    expect(() => lagrangeCoefficient(group, [1, 2, 2], 1)).toThrow(refused);
    expect(() => lagrangeCoefficient(group, [1, 2], 3)).toThrow(error("ERR_FROST_NOT_SIGNER"));
  });

  test("a commitment vector of another length than t is refused", () => {
    const points = [1, 2, 3].map((n) => group.baseMul(group.scalarFromNumber(n)));
    expect(decodeCommitmentVector(group, 3, points)).toHaveLength(3);
    for (const threshold of [0, 2, 4]) {
      expect(() => decodeCommitmentVector(group, threshold, points)).toThrow(
        error("ERR_FROST_COMMITMENT_LENGTH"),
      );
    }
    expect(() => decodeCommitmentVector(group, 0, [])).toThrow(error("ERR_FROST_COMMITMENT_LENGTH"));
    expect(() => commitmentVector(group, [group.generator, group.identity])).toThrow(
      error("ERR_GROUP_POINT"),
    );
  });

  test("the identity is refused as a public key, as the workload's share and as the group commitment", () => {
    const five = group.scalarFromNumber(5);
    const point = group.baseMul(five);
    const minus = group.baseMul(group.scalarNegate(five));
    expect(() => composePublicKey(group, point, minus)).toThrow(error("ERR_FROST_PUBLIC_KEY"));
    const vector = commitmentVector(group, [point, group.generator]);
    expect(() => workloadVerifyingShare(group, point, vector)).toThrow(error("ERR_FROST_PUBLIC_KEY"));
    const one = group.scalarFromNumber(1);
    const list = commitmentList([
      ownCommitment(group, 1, one, five),
      ownCommitment(group, 2, group.scalarNegate(one), group.scalarNegate(five)),
    ]);
    expect(() => groupCommitment(group, list, [five, five])).toThrow(error("ERR_FROST_GROUP_COMMITMENT"));
  });
});

describe("signing", () => {
  const group = anyGroup;
  const key = dealKey(group, 4, 3, "signing");
  const start = (seed: string) => startRound(key, [1, 2, 4], message, seed);

  test("too few oracles, or no workload, is refused before anything is signed", () => {
    const { list, signing } = start("few");
    const refused = error("ERR_FROST_SIGNERS");
    for (const drop of [1, WORKLOAD_IDENTIFIER]) {
      const commitments = commitmentList(list.filter(({ identifier }) => identifier !== drop));
      expect(() => signingPackage(group, { ...signing, commitments })).toThrow(refused);
    }
    const oracles = commitmentList(list.filter(({ identifier }) => identifier === 1));
    expect(() => signingPackage(group, { ...signing, rule: "rfc9591", commitments: oracles })).toThrow(
      refused,
    );
  });

  test("a list with a commitment that is not ours is refused, and the nonces are gone", () => {
    const { nonces } = start("ours");
    const { signing } = start("others");
    const own = nonces.get(2);
    if (own === undefined) throw new Error("no nonces");
    expect(() => signShare(group, signing, shareOf(key, 2), own)).toThrow(error("ERR_FROST_NONCE"));
    expect(group.scalarIsZero(own.hiding)).toBe(true);
  });

  test("a participant outside the list cannot sign or be checked", () => {
    const { signing } = start("outside");
    const one = group.scalarFromNumber(1);
    const own = { hiding: one, binding: one, commitment: ownCommitment(group, 3, one, one) };
    expect(() => signShare(group, signing, shareOf(key, 3), own)).toThrow(error("ERR_FROST_NOT_SIGNER"));
    expect(() => verifyShare(group, signing, 3, verifyingShareOf(key, 3), one)).toThrow(
      error("ERR_FROST_NOT_SIGNER"),
    );
  });

  test("missing, doubled and foreign signature shares are refused without blaming anyone", () => {
    const round = start("sets");
    const shares = allShares(key, round);
    const [first] = shares;
    if (first === undefined) throw new Error("no shares");
    const run = (entries: readonly { identifier: number; share: Scalar }[]) => () =>
      aggregate(group, round.signing, entries, (id) => verifyingShareOf(key, id));
    const refused = error("ERR_FROST_SIGNERS");
    expect(run(shares)()).toHaveLength(64);
    expect(run(shares.slice(1))).toThrow(refused);
    expect(run([...shares, first])).toThrow(refused);
    expect(run([...shares.slice(1), { ...first, identifier: 3 }])).toThrow(refused);
  });

  test("right shares under another group public key blame nobody", () => {
    const { signing, nonces, list } = start("other key");
    const other = signingPackage(group, { ...signing, groupPublicKey: group.generator });
    const shares = allShares(key, { nonces, list, signing: other });
    expect(() => aggregate(group, other, shares, (id) => verifyingShareOf(key, id))).toThrow(
      error("ERR_FROST_SIGNATURE"),
    );
  });

  test("nonces take 32 random bytes, and zero ones are refused", () => {
    const zero = group.scalarFromNumber(0);
    const one = group.scalarFromNumber(1);
    for (const length of [0, 31, 33]) {
      expect(() => nonceGenerate(group, new Uint8Array(length), one)).toThrow(error("ERR_FROST_NONCE"));
    }
    expect(() => ownCommitment(group, 1, zero, one)).toThrow(error("ERR_FROST_COMMITMENT", [1]));
    const random = new Uint8Array(32).fill(9);
    expect(deriveNonce(group, [random, one])).toEqual(nonceGenerate(group, random, one));
  });
});
