import { describe, expect, test, vi } from "vitest";
import { equalBytes, toHex } from "../../src/bytes.ts";
import { offerMutations } from "../../src/host/offered-items.ts";
import { createOracle } from "../../src/host/oracle-host.ts";
import { EQUIVOCATIONS_PER_ORACLE_MAX } from "../../src/limits.ts";
import { statements } from "../../src/registry/registry.ts";
import { rosterHash, rosterSigningInput } from "../../src/registry/roster.ts";
import { subjectKey, subjectOf } from "../../src/registry/subject.ts";
import { verifyEvidence } from "../../src/session/evidence.ts";
import { headerHash } from "../../src/session/header.ts";
import { records as oracleRecords, type records } from "../../src/session/oracle/index.ts";
import { commitInput } from "../../src/session/signing.ts";
import { type StaleNotice, staleInput } from "../../src/session/stale.ts";
import { statusInput } from "../../src/session/status.ts";
import {
  assembleCertificate,
  certInput,
  type SignedVote,
  verifyCertificate,
} from "../../src/session/vote.ts";
import type { OracleMessage } from "../../src/wire/session.ts";
import { seededRandom } from "../group/backends.ts";
import { Cluster, CrashingFile, liveOf, MemoryStore, raw } from "./workload-cluster.ts";
import { group, statementOf, ticketOf } from "./world/cast.ts";
import {
  ask,
  type ForgedStep,
  forgeCertificate,
  forgeCommit,
  forgeRatchet,
  forgeStep,
  forgeVote,
  goOn,
  type Live,
  stepMessage,
} from "./world/forge.ts";

const damaged = (bytes: Uint8Array, at = 0): Uint8Array => {
  const out = bytes.slice();
  out[at] = (out[at] ?? 0) ^ 1;
  return out;
};

/** A cluster and the state of a workload that enrolled and stopped: whoever holds it can sign anything. */
function stolen(name: string): { cluster: Cluster; live: Live } {
  const cluster = new Cluster(name);
  const running = cluster.enrolled(name, { heartbeatMs: 100_000 });
  cluster.loop.pass(100);
  running.stop();
  return { cluster, live: structuredClone(liveOf(running)) };
}

function recordOf(cluster: Cluster, oracle: number, id: Uint8Array): records.InstanceRecord {
  const node = cluster.node(oracle) as unknown as {
    record(id: Uint8Array): records.InstanceRecord | undefined;
  };
  const record = node.record(id);
  if (record === undefined) throw new Error("no record");
  return record;
}

/** Sends a step to oracles and collects their votes. */
function votesFor(cluster: Cluster, step: ForgedStep, oracles: readonly number[], withDelta = true) {
  return oracles.map((oracle): SignedVote => {
    const delta = withDelta ? step.deltas[oracle - 1] : undefined;
    const answer = ask(cluster.loop, cluster.node(oracle), stepMessage(step, delta));
    if (answer.kind !== "ordered" || answer.vote === undefined)
      throw new Error(`no vote: ${JSON.stringify(answer)}`);
    return answer.vote;
  });
}

const codeOf = (answer: OracleMessage): string => (answer.kind === "refused" ? answer.code : answer.kind);

describe("who lies about the head", () => {
  test("a certified header that came with a broken signature does not hide a fork: suspected at once, then proven", () => {
    const { cluster, live } = stolen("suspected");
    const one = forgeStep(live, "one");
    const above = goOn(live, one, assembleCertificate(votesFor(cluster, one, [1, 2, 3])));
    const two = forgeStep(above, "two");
    const qc = assembleCertificate(votesFor(cluster, two, [1, 2, 3]));
    const signed = { ...two.signed, chainSignature: damaged(two.signed.chainSignature) };
    const cert = {
      kind: "cert",
      certified: { signed, qc },
      enrollment: undefined,
      signature: undefined,
    } as const;
    expect(ask(cluster.loop, cluster.node(4), cert).kind).toBe("certAck");
    const answer = ask(cluster.loop, cluster.node(4), stepMessage(forgeStep(above, "the copy's")));
    expect(codeOf(answer)).toBe("ERR_INSTANCE_SUSPECT");
    expect(cluster.node(4).metrics()).toMatchObject({ alert_fork_suspected_total: 1 });
    cluster.loop.pass(3000);
    const id = live.head.signed.header.instance;
    expect(cluster.ids.map((oracle) => cluster.node(oracle).instance(id)?.status)).toEqual(
      cluster.ids.map(() => "revoked"),
    );
  });

  test("a header shown with a broken signature does not void the victim's stale notice", () => {
    const cluster = new Cluster("void-notice");
    const victim = cluster.enrolled("void-notice", { heartbeatMs: 100_000 });
    const old = victim.file.bytes?.slice();
    cluster.sign(victim, "progress");
    cluster.loop.pass(100);
    victim.stop();
    const seed = cluster.cast.voteSeeds[0] ?? new Uint8Array();
    cluster.tamper = (oracle, message) => {
      if (oracle !== 1 || message.kind !== "status" || message.answer.head === undefined) return message;
      const { signed, qc } = message.answer.head;
      const head = { signed: { ...signed, chainSignature: damaged(signed.chainSignature) }, qc };
      const answer = { ...message.answer, head };
      return { ...message, answer, signature: group.ed25519.sign(seed, statusInput(answer)) };
    };
    const file = new CrashingFile(cluster.loop);
    file.bytes = old;
    const restored = cluster.workload(ticketOf(cluster.cast, "void-notice"), file);
    cluster.loop.until(() => restored.host.view.mode === "dead");
    cluster.loop.pass(3000);
    const id = liveOf(victim).head.signed.header.instance;
    expect(cluster.ids.map((oracle) => cluster.node(oracle).instance(id)?.status)).toEqual(
      cluster.ids.map(() => "quarantined"),
    );
  });

  test("a notice whose proof has a broken chain signature stands by its certificate", () => {
    const { cluster, live } = stolen("notice-by-certificate");
    const step = forgeStep(live, "next");
    const qc = assembleCertificate(votesFor(cluster, step, [1, 2, 3]));
    const broken = { ...step.signed, chainSignature: damaged(step.signed.chainSignature) };
    const notice: StaleNotice = {
      version: 1,
      rosterHash: rosterHash(cluster.cast.roster),
      instance: step.signed.header.instance,
      head: live.head,
      proof: { signed: broken, qc },
      release: 0,
    };
    const signature = group.ed25519.sign(live.chainSeed, staleInput(notice));
    expect(ask(cluster.loop, cluster.node(4), { kind: "stale", notice, signature }).kind).toBe("noted");
  });

  test("a notice over a certificate that nobody made is refused, also where the head is known", () => {
    const { cluster, live } = stolen("garbage-certificate");
    const step = forgeStep(live, "next");
    const votes = live.head.qc.votes.map((vote) => ({ ...vote, signature: damaged(vote.signature) }));
    const notice: StaleNotice = {
      version: 1,
      rosterHash: rosterHash(cluster.cast.roster),
      instance: step.signed.header.instance,
      head: { ...live.head, qc: { ...live.head.qc, votes } },
      proof: { signed: step.signed, qc: undefined },
      release: 0,
    };
    const signature = group.ed25519.sign(live.chainSeed, staleInput(notice));
    const answer = ask(cluster.loop, cluster.node(2), { kind: "stale", notice, signature });
    expect(codeOf(answer)).toBe("ERR_STALE_INVALID");
  });

  test("nobody but the holder of the chain key can send a notice, and not for another roster or release", () => {
    const { cluster, live } = stolen("forged-notice");
    const step = forgeStep(live, "next");
    const notice: StaleNotice = {
      version: 1,
      rosterHash: rosterHash(cluster.cast.roster),
      instance: step.signed.header.instance,
      head: live.head,
      proof: { signed: step.signed, qc: undefined },
      release: 0,
    };
    const sign = (one: StaleNotice, seed: Uint8Array): string =>
      codeOf(
        ask(cluster.loop, cluster.node(1), {
          kind: "stale",
          notice: one,
          signature: group.ed25519.sign(seed, staleInput(one)),
        }),
      );
    expect(sign(notice, live.evidenceSeed)).toBe("ERR_STALE_INVALID");
    expect(sign({ ...notice, rosterHash: new Uint8Array(32) }, live.chainSeed)).toBe("ERR_STALE_INVALID");
    expect(sign({ ...notice, release: 1 }, live.chainSeed)).toBe("ERR_STALE_INVALID");
    const lower = { ...notice, proof: { signed: live.head.signed, qc: live.head.qc } };
    expect(sign(lower, live.chainSeed)).toBe("ERR_STALE_INVALID");
    expect(cluster.node(1).instance(notice.instance)?.status).toBe("active");
    expect(sign(notice, live.chainSeed)).toBe("noted");
  });

  test("a certificate under another roster's hash is none, whoever signed it", () => {
    const { cluster, live } = stolen("other-roster");
    const step = forgeStep(live, "foreign", undefined, { rosterHash: new Uint8Array(32).fill(7) });
    const qc = forgeCertificate(cluster.cast, step.signed.header, [1, 2, 3]);
    expect(() => verifyCertificate(group, cluster.cast.roster, qc, step.signed.header)).toThrow(/roster/);
  });
});

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

describe("nonces", () => {
  /** A certified SIGN step with the slots of oracles 1..3. */
  function certified(name: string) {
    const { cluster, live } = stolen(name);
    const step = forgeStep(live, name, { messages: [raw("m0"), raw("m1")], ratchet: undefined });
    const slots = [1, 2, 3].map((oracle) => {
      const answer = ask(cluster.loop, cluster.node(oracle), stepMessage(step));
      if (answer.kind !== "ordered" || answer.slot === undefined || answer.vote === undefined)
        throw new Error("no slot");
      return { oracle, slot: answer.slot, vote: answer.vote };
    });
    const qc = assembleCertificate(slots.map(({ vote }) => vote));
    const named = slots.map(({ oracle, slot }) => [oracle, slot] as const);
    return { cluster, live, step, qc, named };
  }

  test("a COMMIT that a corrupt signer relays first does not cost the signature", () => {
    const cluster = new Cluster("relayed-commit");
    const running = cluster.enrolled("relayed-commit", { heartbeatMs: 100_000 });
    const corrupt = cluster.node(1);
    const receive = corrupt.onAgentMessage.bind(corrupt);
    let relayed = 0;
    vi.spyOn(corrupt, "onAgentMessage").mockImplementation((message, reply) => {
      if (message.kind === "commit")
        cluster.node(2).onAgentMessage(message, ({ kind }) => {
          relayed += Number(kind === "shares");
        });
      receive(message, reply);
    });
    const outcome = cluster.sign(running, "signed in spite of it");
    expect(relayed).toBeGreaterThan(0);
    expect(outcome.ok && outcome.outcomes.every(({ ok }) => ok)).toBe(true);
  });

  test("a corrupt signer that relays every COMMIT ahead of the workload spends nobody's slot", () => {
    const cluster = new Cluster("relayed-ahead");
    const running = cluster.enrolled("relayed-ahead", { heartbeatMs: 100_000 });
    // The network is the corrupt signer's: what it is sent reaches all others before the workload's own frames do.
    const rounds = new Set<unknown>();
    for (const oracle of [1, 2, 3, 4]) {
      const node = cluster.node(oracle);
      const receive = node.onAgentMessage.bind(node);
      vi.spyOn(node, "onAgentMessage").mockImplementation((message, reply) => {
        if (message.kind === "commit" && !rounds.has(message.commit)) {
          rounds.add(message.commit);
          for (const other of cluster.ids) cluster.node(other).onAgentMessage(message, () => undefined);
        }
        receive(message, reply);
      });
    }
    const outcome = cluster.sign(running, "signed at once");
    expect(outcome.ok && outcome.outcomes.every(({ ok }) => ok)).toBe(true);
    expect(rounds.size).toBe(1);
  });

  test("the same COMMIT gets the same answer again for as long as a slot lives", () => {
    const { cluster, live, step, qc, named } = certified("same-commit");
    const commit = { kind: "commit" as const, ...forgeCommit(live, step, qc, named) };
    const first = ask(cluster.loop, cluster.node(2), commit);
    expect(first.kind).toBe("shares");
    expect(ask(cluster.loop, cluster.node(2), structuredClone(commit))).toEqual(first);
    cluster.loop.pass(11_000);
    expect(codeOf(ask(cluster.loop, cluster.node(2), commit))).toBe("ERR_NONCE_SLOT");
  });

  test("not even the same COMMIT is answered again after a suspension or a restart", () => {
    const { cluster, live, step, qc, named } = certified("same-commit-suspended");
    const commit = { kind: "commit" as const, ...forgeCommit(live, step, qc, named) };
    for (const oracle of [2, 3]) expect(ask(cluster.loop, cluster.node(oracle), commit).kind).toBe("shares");
    cluster.restart(3);
    cluster.loop.pass(1000);
    expect(codeOf(ask(cluster.loop, cluster.node(3), commit))).toBe("ERR_NONCE_SLOT");
    const { instance } = step.signed.header;
    const payload = { kind: "instance" as const, instance, action: "quarantine" as const };
    const statement = statementOf(cluster.cast, { ...payload, release: 0, reason: "test" }, 7);
    cluster.node(2).submitStatement(statement, () => undefined);
    cluster.loop.pass(50);
    expect(codeOf(ask(cluster.loop, cluster.node(2), commit))).toMatch(/^ERR_INSTANCE_/);
  });

  test("one slot never serves two lists, however the COMMITs race", () => {
    const { cluster, live, step, qc, named } = certified("two-lists");
    const one = forgeCommit(live, step, qc, named, "one");
    const other = forgeCommit(live, step, qc, named, "other");
    const answers: OracleMessage[] = [];
    for (const commit of [one, other])
      cluster.node(2).onAgentMessage({ kind: "commit", ...commit }, (said) => answers.push(said));
    cluster.loop.until(() => answers.length === 2);
    expect(answers.map(codeOf)).toEqual(["shares", "ERR_NONCE_SLOT"]);
    expect(codeOf(ask(cluster.loop, cluster.node(2), { kind: "commit", ...other }))).toBe("ERR_NONCE_SLOT");
  });

  test("a slot is for its own step and list: changed commitments, short lists, foreign slots and strangers get nothing", () => {
    const { cluster, live, step, qc, named } = certified("changed-list");
    const { commit } = forgeCommit(live, step, qc, named);
    const [first = [], second = []] = commit.commitmentLists;
    const resign = (fields: Partial<typeof commit>, seed = live.chainSeed): string => {
      const value = { ...commit, ...fields };
      const signature = group.ed25519.sign(seed, commitInput(value));
      return codeOf(ask(cluster.loop, cluster.node(2), { kind: "commit", commit: value, signature }));
    };
    expect(resign({ commitmentLists: [first] })).toBe("ERR_COMMIT_LIST");
    expect(resign({ commitmentLists: [second, first] })).toBe("ERR_COMMIT_LIST");
    expect(resign({ commitmentLists: [first.slice(1), second] })).toBe("ERR_COMMIT_LIST");
    expect(resign({ slots: commit.slots.slice(1) })).toBe("ERR_COMMIT_SIGNERS");
    expect(resign({ slots: [...commit.slots].reverse() })).toBe("ERR_COMMIT_SIGNERS");
    expect(resign({ shareVersion: 9 })).toBe("ERR_NO_SHARE");
    expect(resign({}, live.evidenceSeed)).toBe("ERR_COMMIT_SIGNATURE");
    const foreign = commit.slots.map((slot) => ({ ...slot, slotId: damaged(slot.slotId) }));
    expect(resign({ slots: foreign })).toBe("ERR_NONCE_SLOT");
    // After all that the slot is still there, once.
    expect(resign({})).toBe("shares");
  });

  test("no share for a step below the head, above which a vote stands, after suspension, or from an expired slot", () => {
    const { cluster, live, step, qc, named } = certified("too-late");
    const commit = forgeCommit(live, step, qc, named);
    const next = forgeStep(goOn(live, step, qc), "above");
    votesFor(cluster, next, [1]);
    expect(codeOf(ask(cluster.loop, cluster.node(1), { kind: "commit", ...commit }))).toBe(
      "ERR_STEP_SUPERSEDED",
    );
    cluster.loop.pass(11_000);
    expect(codeOf(ask(cluster.loop, cluster.node(3), { kind: "commit", ...commit }))).toBe("ERR_NONCE_SLOT");
    const fork = forgeStep(live, "fork");
    ask(cluster.loop, cluster.node(2), stepMessage(fork));
    expect(codeOf(ask(cluster.loop, cluster.node(2), { kind: "commit", ...commit }))).toBe(
      "ERR_INSTANCE_REVOKED",
    );
  });

  test("a repeated STEP gets the same live slot, and after a take another one", () => {
    const { cluster, live, step, qc, named } = certified("same-slot");
    const again = ask(cluster.loop, cluster.node(2), stepMessage(step));
    const [, slot] = named[1] ?? [];
    expect(again.kind === "ordered" ? again.slot : undefined).toEqual(slot);
    ask(cluster.loop, cluster.node(2), { kind: "commit", ...forgeCommit(live, step, qc, named) });
    const fresh = ask(cluster.loop, cluster.node(2), stepMessage(step));
    expect(fresh.kind === "ordered" ? fresh.slot?.slotId : undefined).not.toEqual(slot?.slotId);
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

describe("floods by a corrupt peer", () => {
  const hashes = (count: number, name: string): Uint8Array[] => {
    const random = seededRandom(name);
    return Array.from({ length: count }, () => random(32));
  };
  const quiet = { newestVote: undefined, yourNewestVote: undefined };

  test("equivocations of itself on instances that do not exist fill no disk", () => {
    const { cluster, live } = stolen("equivocations");
    for (const [i, instance] of hashes(400, "instances").entries()) {
      const header = { ...live.head.signed.header, instance };
      const first = forgeVote(cluster.cast, 2, header, 2 * i);
      const second = forgeVote(cluster.cast, 2, { ...header, seq: 0, shareVersion: 9 }, 2 * i);
      const evidence = { version: 1 as const, first, second };
      cluster
        .node(1)
        .onPeerMessage(2, { kind: "gossip", ...quiet, items: [{ kind: "equivocation", evidence }] });
      cluster.loop.pass(2);
    }
    cluster.loop.pass(2000);
    const kept = cluster.node(1).equivocations().length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(EQUIVOCATIONS_PER_ORACLE_MAX);
  });

  test("inventories without end are not answered, nor remembered", () => {
    const { cluster } = stolen("inventories");
    let wants = 0;
    const peer = cluster.node(2);
    const receive = peer.onPeerMessage.bind(peer);
    vi.spyOn(peer, "onPeerMessage").mockImplementation((from, message) => {
      if (from === 1 && message.kind === "want") wants += message.hashes.length;
      receive(from, message);
    });
    for (let page = 0; page < 200; page++) {
      const lots = hashes(4096, `page ${page}`);
      cluster.node(1).onPeerMessage(2, { kind: "inventory", page, pages: 0xffffffff, hashes: lots });
    }
    cluster.loop.pass(500);
    expect(wants).toBe(0);
    expect(Object.keys(cluster.node(1).ready())).toEqual([]);
  });

  test("headers of instances that nobody knows make no other peer work", () => {
    const { cluster, live } = stolen("unknown-instances");
    const asked = new Map<number, number>();
    for (const id of [2, 3, 4]) {
      const peer = cluster.node(id);
      const receive = peer.onPeerMessage.bind(peer);
      vi.spyOn(peer, "onPeerMessage").mockImplementation((from, message) => {
        if (from === 1 && message.kind === "fetch") asked.set(id, (asked.get(id) ?? 0) + 1);
        receive(from, message);
      });
    }
    const step = forgeStep(live, "next");
    const items = hashes(200, "unknown").map((instance) => {
      const signed = { ...step.signed, header: { ...step.signed.header, instance } };
      return { kind: "undecided" as const, proven: { signed, parent: live.head } };
    });
    cluster.node(1).onPeerMessage(2, { kind: "gossip", ...quiet, items });
    cluster.loop.pass(100);
    expect(asked.get(3)).toBeUndefined();
    expect(asked.get(4)).toBeUndefined();
    expect(asked.get(2)).toBeGreaterThan(0);
  });

  test("items that prove nothing soon cost their sender its budget", () => {
    const { cluster, live } = stolen("budget");
    const step = forgeStep(live, "next");
    const votes = forgeCertificate(cluster.cast, step.signed.header, [1, 2, 3]).votes;
    const qc = {
      ...forgeCertificate(cluster.cast, step.signed.header, [1, 2, 3]),
      votes: votes.map((vote, i) => (i === 2 ? { ...vote, signature: damaged(vote.signature) } : vote)),
    };
    const verify = vi.spyOn(group.ed25519, "verify");
    const certified = { signed: step.signed, qc };
    const items = Array.from({ length: 200 }, () => ({ kind: "head" as const, certified }));
    for (let i = 0; i < 10; i++) cluster.node(1).onPeerMessage(2, { kind: "gossip", ...quiet, items });
    const checks = verify.mock.calls.length;
    verify.mockRestore();
    expect(checks).toBeLessThan(1000);
  });
});

describe("gossip that must not be lost", () => {
  const openAt = (cluster: Cluster, oracle: number, id: Uint8Array): number => {
    const challenge = new Uint8Array(32);
    const answer = ask(cluster.loop, cluster.node(oracle), { kind: "status", instance: id, challenge });
    return answer.kind === "status" ? answer.answer.above.length : -1;
  };

  test("many open instances do not hide one from the others", () => {
    const { cluster, live } = stolen("hidden");
    const step = forgeStep(live, "seen by one");
    cluster.lose = () => true;
    votesFor(cluster, step, [1]);
    const id = step.signed.header.instance;
    // The disks of before the vote was gossiped; and hundreds of open instances in front of it.
    const record = recordOf(cluster, 1, id);
    const store = cluster.stores[0];
    for (let i = 0; i < 1500; i++) {
      const other = new Uint8Array(32);
      other[30] = i >> 8;
      other[31] = i & 255;
      store?.put(oracleRecords.openIndex, other, { instance: other });
      store?.put(oracleRecords.instances, other, { ...record, vote: undefined });
    }
    expect(openAt(cluster, 2, id)).toBe(0);
    cluster.lose = () => false;
    cluster.restart(1);
    cluster.loop.pass(8000);
    expect(openAt(cluster, 2, id)).toBe(1);
  });

  test("thousands of statements reach an oracle that lacks them all, without a reconnect", () => {
    const { cluster } = stolen("many-statements");
    const random = seededRandom("tickets");
    const store = cluster.stores[1];
    for (let i = 0; i < 3000; i++) {
      const payload = { kind: "ticketRevocation" as const, ticketId: random(16), reason: "lost" };
      const signed = statementOf(cluster.cast, payload, 1);
      store?.put(statements, subjectKey(subjectOf(payload)), signed);
      for (const { table, key, value } of offerMutations(
        { get: () => undefined },
        { kind: "statement", statement: signed },
      ))
        store?.put(table, key, value);
    }
    cluster.restart(2);
    cluster.loop.pass(20_000);
    const held = [...(cluster.stores[0]?.rows.keys() ?? [])];
    expect(held.filter((key) => key.startsWith(toHex(statements.prefix))).length).toBeGreaterThan(3000);
  });

  test("a stale notice reaches an oracle that never heard of the instance, and holds there", () => {
    const { cluster, live } = stolen("unknown-stale");
    const step = forgeStep(live, "next");
    const notice: StaleNotice = {
      version: 1,
      rosterHash: rosterHash(cluster.cast.roster),
      instance: step.signed.header.instance,
      head: live.head,
      proof: { signed: step.signed, qc: undefined },
      release: 0,
    };
    const signature = group.ed25519.sign(live.chainSeed, staleInput(notice));
    const item = { kind: "stale" as const, notice: { notice, signature }, enrollment: live.enrollment };
    const other = new Cluster("unknown-stale-elsewhere");
    other.node(3).onPeerMessage(2, { kind: "gossip", ...silent, items: [item] });
    other.loop.pass(50);
    expect(other.node(3).instance(notice.instance)?.status).toBe("quarantined");
    const forged = { ...item, notice: { notice, signature: damaged(signature) } };
    other.node(4).onPeerMessage(2, { kind: "gossip", ...silent, items: [forged] });
    expect(other.node(4).instance(notice.instance)?.status).not.toBe("active");
  });
  const silent = { newestVote: undefined, yourNewestVote: undefined };

  test("what a full queue swallowed is sent again", () => {
    const { cluster, live } = stolen("full-queue");
    const full = { now: true };
    cluster.refuse = (from, to) => full.now && from === 1 && to === 2;
    cluster.lose = (from, to) => from !== 1 || to !== 2;
    const step = forgeStep(live, "next");
    votesFor(cluster, step, [1]);
    cluster.loop.pass(3000);
    expect(openAt(cluster, 2, step.signed.header.instance)).toBe(0);
    full.now = false;
    cluster.loop.pass(15_000);
    expect(openAt(cluster, 2, step.signed.header.instance)).toBe(1);
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
      .onPeerMessage(1, { kind: "gossip", ...silently, items: [{ kind: "head", certified: theirs }] });
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
  const silently = { newestVote: undefined, yourNewestVote: undefined };
});
