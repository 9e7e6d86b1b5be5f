import { describe, expect, test } from "vitest";
import { equalBytes, toHex } from "../../src/bytes.ts";
import { createOracle } from "../../src/host/oracle-host.ts";
import { rosterHash, rosterSigningInput } from "../../src/registry/roster.ts";
import { verifyEvidence } from "../../src/session/evidence.ts";
import { headerHash } from "../../src/session/header.ts";
import { assembleCertificate, certInput, type SignedVote } from "../../src/session/vote.ts";
import { seededRandom } from "../group/backends.ts";
import { codeOf, damaged, quiet, recordOf, stolen, votesFor } from "./stolen-workload.ts";
import { Cluster, MemoryStore } from "./workload-cluster.ts";
import { group } from "./world/cast.ts";
import {
  ask,
  forgeCertificate,
  forgeRatchet,
  forgeStep,
  forgeVote,
  goOn,
  stepMessage,
} from "./world/forge.ts";

describe("votes", () => {
  test("a fenced oracle raises no share_ok and casts no vote under a counter it may have used", () => {
    const { cluster, live } = stolen("fenced-raise");
    const step = forgeRatchet(live, "r1");
    const votes = votesFor(cluster, step, [1, 2, 3]);
    votesFor(cluster, step, [4], false);
    const qc = assembleCertificate(votes);
    ask(cluster.loop, cluster.node(4), {
      kind: "cert",
      certified: { signed: step.signed, qc },
      enrollment: undefined,
      signature: undefined,
    });
    cluster.node(4).fence("an operator says so", () => undefined);
    cluster.loop.pass(10);
    const counter = cluster.node(4).metrics()["vote_counter"];
    const answer = ask(cluster.loop, cluster.node(4), stepMessage(step, step.deltas[3]));
    expect(cluster.node(4).metrics()["vote_counter"]).toBe(counter);
    expect(answer.kind === "ordered" ? answer.vote : undefined).toBeUndefined();
  });

  test("a second header of a seq gets no vote, by any road: STEP, restart, CERT of the other", () => {
    const { cluster, live } = stolen("two-votes");
    const [one, other] = [forgeStep(live, "one"), forgeStep(live, "other")];
    votesFor(cluster, one, [1]);
    cluster.restart(1);
    cluster.loop.pass(3000);
    const answer = ask(cluster.loop, cluster.node(1), stepMessage(other));
    expect(codeOf(answer)).toBe("ERR_INSTANCE_REVOKED");
    const id = one.signed.header.instance;
    const evidence = cluster.node(1).evidence(id);
    expect(evidence).toBeDefined();
    if (evidence !== undefined)
      expect(toHex(verifyEvidence(group, cluster.cast.roster, evidence))).toBe(toHex(id));
  });

  test("a certificate for another header than my vote: evidence, and the certificate is adopted all the same", () => {
    const { cluster, live } = stolen("adopt-forked");
    const [one, other] = [forgeStep(live, "one"), forgeStep(live, "other")];
    votesFor(cluster, one, [1]);
    const qc = forgeCertificate(cluster.cast, other.signed.header, [2, 3, 4]);
    ask(cluster.loop, cluster.node(1), {
      kind: "cert",
      certified: { signed: other.signed, qc },
      enrollment: undefined,
      signature: undefined,
    });
    const id = one.signed.header.instance;
    expect(cluster.node(1).instance(id)).toMatchObject({
      status: "revoked",
      headSeq: other.signed.header.seq,
    });
    const head = recordOf(cluster, 1, id).head?.signed.header;
    expect(head !== undefined && equalBytes(headerHash(head), headerHash(other.signed.header))).toBe(true);
  });
});

describe("fencing", () => {
  test("votes of my number under another roster's key fence nobody", () => {
    const cluster = new Cluster("old-key");
    const { cast } = cluster;
    const fresh = cluster.cast.voteSeeds.map((seed, i) => (i === 0 ? damaged(seed) : seed));
    const roster = {
      ...cast.roster,
      serial: 2,
      previous: rosterHash(cast.roster),
      oracles: fresh.map((seed, i) => ({ id: i + 1, voteKey: group.ed25519.publicKey(seed) })),
    };
    const signature = group.ed25519.sign(cast.operatorSeed, rosterSigningInput(roster));
    const publicKey = group.ed25519.publicKey(cast.operatorSeed);
    const node = createOracle(
      {
        group,
        oracle: 1,
        voteSeed: fresh[0] ?? new Uint8Array(),
        rosters: [cast.signedRoster, { roster, signatures: [{ publicKey, signature }] }],
        clock: cluster.clock,
        entropy: { random: seededRandom("old-key") },
        timers: { after: (delayMs, fire) => cluster.loop.after(delayMs, fire) },
        store: new MemoryStore(cluster.loop),
        peers: { send: () => true },
        events: () => undefined,
      },
      (error) => {
        throw error;
      },
    );
    node.start();
    node.onPeerUp(2);
    const { live } = stolen("old-key-votes");
    const show = (seeds: readonly Uint8Array[], hash: Uint8Array): void => {
      const header = { ...live.head.signed.header, rosterHash: hash };
      const yourNewestVote = forgeVote({ ...cast, voteSeeds: seeds }, 1, header, 500);
      node.onPeerMessage(2, { kind: "gossip", newestVote: undefined, yourNewestVote, items: [] });
      cluster.loop.pass(10);
    };
    show(cast.voteSeeds, rosterHash(cast.roster));
    expect(node.fenced).toBe(false);
    show(fresh, rosterHash(roster));
    expect(node.fenced).toBe(true);
  });

  test("a forged vote of mine, or one that I do hold, fences nobody", () => {
    const { cluster, live } = stolen("forged-fence");
    const { header } = live.head.signed;
    const own = live.head.qc.votes.find(({ oracle }) => oracle === 1);
    const node = cluster.node(1);
    const forged = forgeVote(cluster.cast, 2, header, 900);
    const show = (yourNewestVote: SignedVote): void =>
      node.onPeerMessage(2, { kind: "gossip", newestVote: undefined, yourNewestVote, items: [] });
    show({ ...forged, vote: { ...forged.vote, oracle: 1 } });
    if (own !== undefined) show(forgeVote(cluster.cast, 1, header, own.counter));
    cluster.loop.pass(10);
    expect(node.fenced).toBe(false);
  });

  test("an own vote that contradicts another own vote fences, whatever its counter", () => {
    const { cluster, live } = stolen("own-contradiction");
    const step = forgeStep(live, "next");
    const [vote] = votesFor(cluster, step, [1]);
    const other = forgeVote(cluster.cast, 1, forgeStep(live, "other").signed.header, vote?.vote.counter ?? 0);
    cluster
      .node(1)
      .onPeerMessage(2, { kind: "gossip", newestVote: undefined, yourNewestVote: other, items: [] });
    cluster.loop.pass(10);
    expect(cluster.node(1).fenced).toBe(true);
  });
});

describe("shares", () => {
  test("a certificate that others made of my vote does not erase the share that the workload still counts on", () => {
    const { cluster, live } = stolen("third-party-certificate");
    const one = forgeRatchet(live, "r1");
    const votes = votesFor(cluster, one, [1, 2, 3, 4]);
    const [v1, v2, v3, v4] = votes;
    if (v1 === undefined || v2 === undefined || v3 === undefined || v4 === undefined)
      throw new Error("votes");
    // A corrupt oracle shows oracle 4 a certificate with its own vote; the workload never got that vote.
    const theirs = { signed: one.signed, qc: assembleCertificate([v1, v2, v4]) };
    cluster
      .node(4)
      .onPeerMessage(1, { kind: "gossip", ...quiet, items: [{ kind: "head", certified: theirs }] });
    cluster.loop.pass(50);
    const qc = assembleCertificate([v1, v2, v3]);
    const head = { signed: one.signed, qc };
    const lags = live.lags.map((lag, i) => {
      return i < 3 ? { base: 1, delta: undefined } : { base: lag.base, delta: one.deltas[3] };
    });
    const next = { ...live, ...goOn(live, one, qc), head, lags };
    const two = forgeRatchet(next, "r2", one.body.ratchet?.commitments ?? []);
    const [again] = votesFor(cluster, two, [4]);
    expect(again?.vote.shareOk).toBe(true);
  });

  test("the workload's own word that it holds my vote erases the old share at once, also from memory", () => {
    const { cluster, live } = stolen("erased");
    const step = forgeRatchet(live, "r1");
    const votes = votesFor(cluster, step, [1, 2, 3, 4]);
    const qc = assembleCertificate(votes);
    const id = step.signed.header.instance;
    const old = recordOf(cluster, 4, id).shares.find(({ version }) => version === 0)?.share;
    const certified = { signed: step.signed, qc };
    const signature = group.ed25519.sign(step.chainSeed, certInput(qc));
    ask(cluster.loop, cluster.node(4), { kind: "cert", certified, enrollment: undefined, signature });
    expect(recordOf(cluster, 4, id).shares.map(({ version }) => version)).toEqual([1]);
    expect(old?.every((byte) => byte === 0)).toBe(true);
  });
});
