import { describe, expect, test } from "vitest";
import { equalBytes, toHex } from "../../src/bytes.ts";
import { rosterHash } from "../../src/registry/roster.ts";
import { verifyEvidence } from "../../src/session/evidence.ts";
import { headerHash } from "../../src/session/header.ts";
import type { records } from "../../src/session/oracle/index.ts";
import { commitInput } from "../../src/session/signing.ts";
import { type StaleNotice, staleInput } from "../../src/session/stale.ts";
import { statusInput } from "../../src/session/status.ts";
import { assembleCertificate, type SignedVote, verifyCertificate } from "../../src/session/vote.ts";
import type { OracleMessage } from "../../src/wire/session.ts";
import { Cluster, CrashingFile, liveOf, raw } from "./workload-cluster.ts";
import { group, ticketOf } from "./world/cast.ts";
import {
  ask,
  type ForgedStep,
  forgeCertificate,
  forgeCommit,
  forgeRatchet,
  forgeStep,
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

  test("a COMMIT that a corrupt signer relays first takes nothing from the workload: the same bytes, the same answer", () => {
    const { cluster, live, step, qc, named } = certified("relayed-commit");
    const commit = forgeCommit(live, step, qc, named);
    const first = ask(cluster.loop, cluster.node(2), { kind: "commit", ...commit });
    const again = ask(cluster.loop, cluster.node(2), { kind: "commit", ...commit });
    expect(first.kind).toBe("shares");
    expect(again.kind === "shares" && first.kind === "shares" ? again.results : undefined).toEqual(
      first.kind === "shares" ? first.results : [],
    );
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
