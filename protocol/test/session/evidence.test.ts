import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode, encode } from "../../src/encoding/index.ts";
import { IpseError } from "../../src/errors.ts";
import {
  type ForkEvidence,
  forkEvidence,
  makeEvidence,
  verifyEquivocation,
  verifyEvidence,
  votesContradict,
} from "../../src/session/evidence.ts";
import { Cluster, liveOf } from "./workload-cluster.ts";
import { castOf, group } from "./world/cast.ts";
import { forgeCertificate, forgeStep, forgeVote, goOn } from "./world/forge.ts";

/** Real evidence: an enrolled instance, a certified step, and two headers above it. */
function forked() {
  const cluster = new Cluster("evidence");
  const running = cluster.enrolled("evidence", { heartbeatMs: 100_000 });
  running.stop();
  const live = liveOf(running);
  const parent = forgeStep(live, "parent");
  const next = goOn(live, parent, forgeCertificate(cluster.cast, parent.signed.header, [1, 2, 3]));
  const [one, other] = [forgeStep(next, "one"), forgeStep(next, "other")];
  const evidence = makeEvidence(live.enrollment, next.head, one.signed, other.signed);
  return { cluster, live, next, one, other, evidence };
}

const { cluster, live, next, one, other, evidence } = forked();
const { roster } = cluster.cast;

function refused(bytes: Uint8Array): boolean {
  try {
    verifyEvidence(group, roster, decode(forkEvidence, bytes));
    return false;
  } catch (error) {
    if (error instanceof IpseError) return true;
    throw error;
  }
}

describe("fork evidence", () => {
  test("stands, and not one of its bytes can be another", () => {
    const bytes = encode(forkEvidence, evidence);
    expect(refused(bytes)).toBe(false);
    const survived: number[] = [];
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      if (!refused(changed)) survived.push(at);
    }
    expect(survived).toEqual([]);
  });

  test("is not made of a replay, of one header twice, of headers out of order, or of other seqs and parents", () => {
    const bad = (fields: Partial<ForkEvidence>): boolean =>
      refused(encode(forkEvidence, { ...evidence, ...fields }));
    const resigned = { ...one.signed, chainSignature: other.signed.chainSignature };
    const stranger = forgeStep(live, "below");
    expect(() => makeEvidence(live.enrollment, next.head, one.signed, resigned)).toThrow(IpseError);
    expect(bad({ a: evidence.b, b: evidence.a })).toBe(true);
    expect(bad({ b: evidence.a })).toBe(true);
    expect(bad({ a: stranger.signed })).toBe(true);
    expect(bad({ b: stranger.signed })).toBe(true);
    expect(bad({ rosterHash: new Uint8Array(32) })).toBe(true);
    expect(bad({ parent: { ...evidence.parent, qc: live.enrollQc } })).toBe(true);
    const small = forgeCertificate(cluster.cast, evidence.parent.header, [1, 2]);
    expect(bad({ parent: { ...evidence.parent, qc: small } })).toBe(true);
  });

  test("all oracles together cannot frame a workload: without E no branch stands", () => {
    const seed = new Uint8Array(32).fill(9);
    const framed = forgeStep({ ...next, evidenceSeed: seed }, "framed");
    for (const [a, b] of [
      [framed.signed, one.signed],
      [one.signed, framed.signed],
    ] as const) {
      const made = makeEvidence(live.enrollment, next.head, a, b);
      expect(refused(encode(forkEvidence, made))).toBe(true);
    }
  });

  test("is judged under the caller's roster alone", () => {
    expect(() => verifyEvidence(group, castOf(7, 5, 2).roster, evidence)).toThrow(IpseError);
  });
});

describe("contradicting votes", () => {
  const header = one.signed.header;
  const vote = forgeVote(cluster.cast, 2, header, 7);
  const convicts = (second: typeof vote): boolean => {
    try {
      return verifyEquivocation(group, roster, { version: 1, first: vote, second }) === 2;
    } catch (error) {
      if (error instanceof IpseError) return false;
      throw error;
    }
  };

  test("convict: another hash at one seq, or another vote under one counter", () => {
    expect(convicts(forgeVote(cluster.cast, 2, other.signed.header, 8))).toBe(true);
    expect(convicts(forgeVote(cluster.cast, 2, next.head.signed.header, 7))).toBe(true);
    expect(convicts(forgeVote(cluster.cast, 2, header, 7, false))).toBe(true);
  });

  test("do not convict: the same vote, a raised share_ok, another oracle, roster or key", () => {
    expect(convicts(vote)).toBe(false);
    expect(convicts(forgeVote(cluster.cast, 2, header, 8, true))).toBe(false);
    expect(convicts(forgeVote(cluster.cast, 3, other.signed.header, 8))).toBe(false);
    const elsewhere = { ...other.signed.header, rosterHash: new Uint8Array(32) };
    expect(convicts(forgeVote(cluster.cast, 2, elsewhere, 7))).toBe(false);
    const stolenName = forgeVote(cluster.cast, 3, other.signed.header, 8);
    expect(convicts({ ...stolenName, vote: { ...stolenName.vote, oracle: 2 } })).toBe(false);
  });

  test("contradiction is symmetric", () => {
    expect.hasAssertions();
    const seqs = fc.record({ seq: fc.nat(2), counter: fc.nat(2), ok: fc.boolean(), which: fc.boolean() });
    fc.assert(
      fc.property(seqs, seqs, (a, b) => {
        const [x, y] = [a, b].map(({ seq, counter, ok, which }) =>
          forgeVote(cluster.cast, 2, { ...(which ? header : other.signed.header), seq }, counter, ok),
        );
        if (x === undefined || y === undefined) return;
        expect(votesContradict(x, y)).toBe(votesContradict(y, x));
      }),
    );
  });
});
