import { describe, expect, test } from "vitest";
import { quiet } from "./stolen-workload.ts";
import { Cluster, liveOf, raw } from "./workload-cluster.ts";
import {
  ask,
  type ForgedStep,
  forgeCertificate,
  forgeStep,
  forgeVote,
  goOn,
  type Live,
  stepMessage,
} from "./world/forge.ts";

/** Cases that the simulator found, kept small: each failed before its mending. */

function stolen(name: string): { cluster: Cluster; live: Live } {
  const cluster = new Cluster(name);
  const running = cluster.enrolled(name, { heartbeatMs: 100_000 });
  cluster.loop.pass(100);
  running.stop();
  return { cluster, live: structuredClone(liveOf(running)) };
}

function certify(cluster: Cluster, oracle: number, { signed }: ForgedStep, by: readonly number[]): void {
  const qc = forgeCertificate(cluster.cast, signed.header, by);
  const certified = { signed, qc };
  ask(cluster.loop, cluster.node(oracle), {
    kind: "cert",
    certified,
    enrollment: undefined,
    signature: undefined,
  });
}

describe("an oracle that was rolled back", () => {
  test("is fenced by a vote of its own that stands in no certificate", () => {
    const { cluster, live } = stolen("vote-outside-certificates");
    const store = cluster.stores[0];
    if (store === undefined) throw new Error("no store");
    cluster.loop.pass(2000);
    const before = new Map(store.rows);
    const answer = ask(cluster.loop, cluster.node(1), stepMessage(forgeStep(live, "only one votes")));
    expect(answer.kind).toBe("ordered");
    cluster.loop.pass(3000);
    expect(cluster.node(1).fenced).toBe(false);
    store.rows.clear();
    for (const [key, row] of before) store.rows.set(key, row);
    cluster.restart(1);
    cluster.loop.pass(3000);
    expect(cluster.node(1).fenced).toBe(true);
  });
});

describe("two certified headers of one seq (more than b faults)", () => {
  test("an oracle that jumps over the twin of its head looks back and finds the fork", () => {
    const { cluster, live } = stolen("jump-over-twin");
    let apart = true;
    cluster.lose = (from, to) => apart && (from === 1 || to === 1);
    const [one, twin] = [forgeStep(live, "one"), forgeStep(live, "twin")];
    const twinQc = forgeCertificate(cluster.cast, twin.signed.header, [2, 3, 4]);
    const head = { signed: twin.signed, qc: twinQc };
    const child = forgeStep({ ...live, head, chainSeed: twin.chainSeed }, "child");
    certify(cluster, 1, one, [2, 3, 4]);
    for (const oracle of [2, 3]) certify(cluster, oracle, twin, [2, 3, 4]);
    for (const oracle of [2, 3]) certify(cluster, oracle, child, [2, 3, 4]);
    const { instance, seq } = one.signed.header;
    expect(cluster.node(1).instance(instance)).toMatchObject({ status: "active", headSeq: seq });
    apart = false;
    certify(cluster, 1, child, [2, 3, 4]);
    expect(cluster.node(1).instance(instance)?.headSeq).toBe(seq + 1);
    cluster.loop.pass(3000);
    expect(cluster.node(1).instance(instance)?.status).toBe("revoked");
    expect(cluster.node(1).evidence(instance)).toBeDefined();
  });

  test("a peer that shows a held header with its true parent uncovers the twin that fills the hole below", () => {
    const { cluster, live } = stolen("hole");
    cluster.loop.pass(3000);
    cluster.lose = () => true;
    const [parent, twin] = [forgeStep(live, "parent"), forgeStep(live, "twin")];
    const qc = forgeCertificate(cluster.cast, parent.signed.header, [1, 2, 3]);
    const head = forgeStep(goOn(live, parent, qc), "head");
    const { instance } = head.signed.header;
    certify(cluster, 4, head, [1, 2, 3]);
    certify(cluster, 4, twin, [1, 2, 3]);
    const status = (): string | undefined => cluster.node(4).instance(instance)?.status;
    expect(status()).toBe("active");
    const proven = { signed: head.signed, parent: { signed: parent.signed, qc } };
    const items = [{ kind: "undecided" as const, proven }];
    cluster.node(4).onPeerMessage(1, { kind: "gossip", ...quiet, items });
    cluster.loop.pass(10);
    expect(status()).toBe("revoked");
  });
});

describe("an oracle that votes twice", () => {
  test("is convicted by a second vote that is no newer than the one its peer holds", () => {
    const { cluster, live } = stolen("same-counter");
    const [one, other] = [forgeStep(live, "one"), forgeStep(live, "other")];
    const counter = 500;
    const show = (step: ForgedStep, at: number): void => {
      const newestVote = forgeVote(cluster.cast, 4, step.signed.header, at);
      cluster.node(1).onPeerMessage(4, { kind: "gossip", newestVote, yourNewestVote: undefined, items: [] });
      cluster.loop.pass(20);
    };
    const liars = () =>
      cluster
        .node(1)
        .equivocations()
        .map(({ first }) => first.vote.oracle);
    show(one, counter);
    expect(liars()).toEqual([]);
    show(other, counter);
    expect(liars()).toEqual([4]);
  });
});

describe("an oracle that votes again for a step long certified", () => {
  /** Oracle 1 is two steps past a step that oracles 2 to 4 certified; what it then hears of that step's seq. */
  function shownLater(name: string, of: (done: ForgedStep, other: ForgedStep) => ForgedStep, seed = 4) {
    const { cluster, live } = stolen(name);
    const [done, other] = [forgeStep(live, "done"), forgeStep(live, "other")];
    certify(cluster, 1, done, [2, 3, 4]);
    const head = { signed: done.signed, qc: forgeCertificate(cluster.cast, done.signed.header, [2, 3, 4]) };
    const next = forgeStep({ ...live, head, chainSeed: done.chainSeed }, "next");
    certify(cluster, 1, next, [2, 3, 4]);
    expect(cluster.node(1).instance(done.signed.header.instance)?.headSeq).toBe(next.signed.header.seq);
    const forged = forgeVote(cluster.cast, seed, of(done, other).signed.header, 1);
    const newestVote = { ...forged, vote: { ...forged.vote, oracle: 4 } };
    cluster.node(1).onPeerMessage(4, { kind: "gossip", newestVote, yourNewestVote: undefined, items: [] });
    cluster.loop.pass(20);
    return cluster.node(1).equivocations();
  }

  test("is convicted by the vote in that step's certificate", () => {
    const [found] = shownLater("below-head", (_, other) => other);
    expect([found?.first.vote.oracle, found?.second.vote.oracle]).toEqual([4, 4]);
    expect(found?.first.vote.seq).toBe(found?.second.vote.seq);
  });

  test("is not accused by a vote for the very header that was certified", () => {
    expect(shownLater("below-head-same", (done) => done)).toEqual([]);
  });

  test("is not accused by a vote that another oracle signed in its name", () => {
    expect(shownLater("below-head-forged", (_, other) => other, 3)).toEqual([]);
  });
});

describe("an oracle that missed the STEP of a ratchet", () => {
  test("gets it again with its A_i where the same step still needs a signer", () => {
    const cluster = new Cluster("missed-step");
    const running = cluster.enrolled("missed-step");
    cluster.loop.pass(9500);
    // Oracle 4 hears of the ratchet's STEP too late for the certificate; oracle 1 is gone before it can sign.
    let missed = 0;
    let gone = false;
    cluster.tamper = (oracle, message, request) => {
      if (oracle === 4 && request.kind === "step" && missed++ < 1) return undefined;
      if (oracle === 1 && request.kind === "commit") gone = true;
      return oracle === 1 && gone ? undefined : message;
    };
    let outcome: unknown;
    cluster.loop.pass(700);
    running.host.submit([raw("signed with the late one")], (result) => {
      outcome = result;
    });
    cluster.loop.until(() => outcome !== undefined, 20_000);
    expect(outcome).toMatchObject({ ok: true, outcomes: [{ ok: true }] });
    expect(gone && missed > 1).toBe(true);
    cluster.loop.pass(100);
    expect(liveOf(running).lags[3]?.delta).toBeUndefined();
  });
});
