import { describe, expect, test } from "vitest";
import { commitmentVector } from "../../src/frost/index.ts";
import {
  accept,
  checkRatchet,
  type Dealing,
  deal,
  evaluate,
  ratchetCommitments,
  ratchetWorkloadShare,
} from "../../src/ratchet/index.ts";
import { dealKey, shareOf } from "../frost/keys.ts";
import { backends, seededRandom } from "../group/backends.ts";
import { badScalars, mixedOrder, torsion } from "../group/encodings.ts";

const error = (code: string) => expect.objectContaining({ code });

describe.each(backends.map((group) => [group.name, group] as const))("ratchet on %s", (_, group) => {
  const key = dealKey(group, 4, 3, "key");
  const { threshold, groupPublicKey } = key;
  const dealing = deal(group, { threshold, random: seededRandom("dealing") });
  const commitments = ratchetCommitments(group, key.commitments, dealing);
  const claim = { threshold, groupPublicKey, commitments };

  test("an honest dealing passes both checks", () => {
    expect(checkRatchet(group, claim)).toEqual(commitments);
    const delta = evaluate(group, dealing, 2);
    const next = accept(group, { identifier: 2, share: shareOf(key, 2), delta, commitments });
    expect(next).toEqual(group.scalarSub(shareOf(key, 2), delta));
  });

  test("the wrong delta, share, identifier or commitments are refused", () => {
    const offer = { identifier: 2, share: shareOf(key, 2), delta: evaluate(group, dealing, 2), commitments };
    const wrong = [
      { ...offer, delta: evaluate(group, dealing, 3) },
      { ...offer, delta: group.scalarNegate(offer.delta) },
      { ...offer, share: shareOf(key, 3) },
      { ...offer, identifier: 3 },
      { ...offer, commitments: key.commitments },
      ...badScalars.map(([, delta]) => ({ ...offer, delta })),
    ];
    for (const bad of wrong) expect(() => accept(group, bad)).toThrow(error("ERR_RATCHET_SHARE"));
  });

  test("F' of another length, with an invalid point, or taking the workload's share is refused", () => {
    const [first = group.generator, ...rest] = commitments;
    const wrong: (readonly Uint8Array[])[] = [
      [],
      rest,
      [...commitments, group.generator],
      [groupPublicKey, ...rest],
      ...torsion.map((bad) => [first, bad, ...rest.slice(1)]),
      ...mixedOrder.map((bad) => [bad, ...rest]),
    ];
    for (const bad of wrong) {
      expect(() => checkRatchet(group, { ...claim, commitments: bad })).toThrow(
        error("ERR_RATCHET_COMMITMENTS"),
      );
    }
  });

  test("dealings that do not fit or lose a share are refused at their source", () => {
    const refused = error("ERR_RATCHET_DEAL");
    expect(() => deal(group, { threshold: 0, random: seededRandom("none") })).toThrow(refused);
    expect(() => ratchetCommitments(group, key.commitments, dealing.slice(1))).toThrow(refused);
    expect(() => ratchetWorkloadShare(group, key.workloadShare, [])).toThrow(refused);
    const minus: Dealing = [group.scalarNegate(key.workloadShare), ...dealing.slice(1)];
    expect(() => ratchetWorkloadShare(group, key.workloadShare, minus)).toThrow(refused);
    const one = group.scalarFromNumber(1);
    const [first = group.generator, , last = group.generator] = key.commitments;
    const vector = commitmentVector(group, [first, group.baseMul(one), last]);
    expect(() => ratchetCommitments(group, vector, [one, one, one])).toThrow(refused);
  });
});
