import { describe, expect, test, vi } from "vitest";
import { commit, type UncheckedCommitment, validateCommitment } from "../../src/frost/index.ts";
import { NonceVault } from "../../src/host/nonce-vault.ts";
import { signCommit } from "../../src/host/oracle-sign.ts";
import type { ListedCommitments } from "../../src/session/oracle/context.ts";
import { voteKeyFrom } from "../../src/session/oracle/vote-key.ts";
import { randomScalar, seededRandom } from "../group/backends.ts";
import { raw } from "../session/workload-cluster.ts";
import { group, SPIFFE_ID } from "../session/world/cast.ts";

const ME = 2;
const random = seededRandom("oracle-sign");
const scalar = () => randomScalar(group, random);
const subject = { instance: random(32), seq: 4, headerHash: random(32) };
const messages = ["one", "two", "three"].map(raw);
const workload = {
  spiffeId: SPIFFE_ID,
  deleted: false,
  resources: [],
  scopes: [],
  ttlSeconds: 60,
  onStale: "quarantine",
  allowRaw: true,
} as const;

/** A COMMIT for one live slot of a fresh vault, and the nonces as they were taken. */
function committed(listFor: (own: UncheckedCommitment, j: number) => ListedCommitments) {
  const vault = new NonceVault(group, { random }, ME, random(16));
  const slot = vault.slotFor(subject, messages, scalar(), 0);
  if (slot === undefined) throw new Error("no slot");
  const lists = slot.commitments.map((pair, j) => listFor({ identifier: ME, ...pair }, j));
  const qc = { version: 1, rosterHash: random(32), ...subject, votes: [] } as const;
  const { bootId, slotId } = slot;
  const slots = [{ oracle: ME, bootId, slotId }];
  const signed = { version: 1, ...subject, shareVersion: 0, qc, slots, commitmentLists: [] } as const;
  const share = scalar();
  const identityKey = group.baseMul(scalar());
  const effect = {
    kind: "sign",
    subject,
    commit: signed,
    lists,
    share,
    identityKey,
    spiffeId: SPIFFE_ID,
  } as const;
  const context = {
    group,
    oracle: ME,
    voteKey: voteKeyFrom(group, random(32)),
    vault,
    threshold: 2,
    workload,
    issuer: "http://issuer.test",
    nowMs: 0,
    monotonicMs: 0,
  };
  const take = vi.spyOn(vault, "take");
  const taken = () => {
    const result = take.mock.results[0]?.value as ReturnType<NonceVault["take"]>;
    return (result?.nonces ?? []).map(({ hiding, binding }) => [...hiding, ...binding].some((byte) => byte));
  };
  return { run: () => signCommit(context, effect), taken };
}

const other = (identifier: number) =>
  validateCommitment(group, { ...commit(group, identifier, scalar(), scalar()).commitment, identifier });
const [first, third, workloads] = [other(1), other(3), other(65_535)];

describe("nonces that were taken for a COMMIT are wiped", () => {
  test("when everything is signed", () => {
    const { run, taken } = committed((own) => ({ before: [first], own, after: [third, workloads] }));
    const answer = run();
    expect(answer.kind === "shares" && answer.results.map(({ kind }) => kind)).toEqual([
      "share",
      "share",
      "share",
    ]);
    expect(taken()).toEqual([false, false, false]);
  });

  test("all of them also when signing throws in the middle", () => {
    // The second list names a signer twice.
    const { run, taken } = committed((own, j) => ({
      before: [first],
      own,
      after: j === 1 ? [third, third, workloads] : [third, workloads],
    }));
    expect(run).toThrow(expect.objectContaining({ code: "ERR_FROST_COMMITMENT_LIST" }));
    expect(taken()).toEqual([false, false, false]);
  });
});
