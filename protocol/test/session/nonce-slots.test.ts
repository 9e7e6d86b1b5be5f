import { describe, expect, test, vi } from "vitest";
import { commitInput } from "../../src/session/signing.ts";
import { assembleCertificate } from "../../src/session/vote.ts";
import type { OracleMessage } from "../../src/wire/session.ts";
import { codeOf, damaged, stolen, votesFor } from "./stolen-workload.ts";
import { Cluster, raw } from "./workload-cluster.ts";
import { group, statementOf } from "./world/cast.ts";
import { ask, forgeCommit, forgeStep, goOn, stepMessage } from "./world/forge.ts";

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
