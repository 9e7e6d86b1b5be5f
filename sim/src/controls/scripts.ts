import { headerHash, type Vote, voteInput } from "@ipse/protocol/session";
import type { Scenario } from "../scenarios/scenario.ts";
import type { Stage } from "../scenarios/stage.ts";
import { succeeded } from "../scenarios/stage-options.ts";
import { makeTicket, type OracleProcess, rawMessage, SMALL } from "../world/index.ts";

/*
 * Scripts that only exist to give a broken build its chance. Without the control each
 * passes with the outcome it expects; the tests check that too.
 */

/** W forgets a step that two oracles voted for (its disk lied) and starts again. */
export const forgottenStep: Scenario = {
  number: 101,
  name: "control-forgotten-step",
  expected: ["SOFT"],
  summary: "A step reached two oracles and was forgotten by W; safe start must see it.",
  setting: { topology: SMALL, heartbeatMs: 30_000 },
  script: (stage) => {
    const { victim, world } = stage;
    stage.sign(victim);
    stage.idle(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    stage.facts.copied = true;
    victim.file.faults.lyingFsync = true;
    const [a = 1, b = 2] = stage.someOracles(2);
    let only = true;
    world.network.toOracle.push(({ oracle }) => !only || oracle === a || oracle === b);
    const seq = stage.seqOf(victim) + 1;
    victim.submit("forgotten");
    const voted = (): boolean =>
      [a, b].every((id) => world.oracle(id).record(stage.instance)?.vote?.signed.header.seq === seq);
    stage.until(voted, 3000, "two oracles voted");
    stage.run(20);
    victim.crash();
    victim.file.faults.lyingFsync = false;
    only = false;
    victim.boot();
    stage.until(() => stage.suspended, 8000, "safe start sees the voted header");
    stage.run(500);
  },
};

/** Votes for whatever comes: what a Byzantine oracle beyond the claimed b does. */
export function voteForAll(oracle: OracleProcess): void {
  const { world } = oracle;
  const seed = world.cluster.voteSeeds[oracle.id - 1] ?? new Uint8Array(32);
  let counter = 1000;
  oracle.byzantine = true;
  oracle.interposers.push({
    onAgent: ({ message }, reply) => {
      if (message.kind !== "step") return true;
      const { header } = message.signed;
      const vote: Vote = {
        version: 1,
        oracle: oracle.id,
        rosterHash: header.rosterHash,
        instance: header.instance,
        seq: header.seq,
        headerHash: headerHash(header),
        shareOk: true,
        shareVersion: header.shareVersion,
        counter: ++counter,
      };
      const signature = world.group.ed25519.sign(seed, voteInput(vote));
      reply({
        kind: "ordered",
        vote: { vote, signature },
        qc: undefined,
        slot: undefined,
        salt: new Uint8Array(32),
      });
      return false;
    },
  });
}

/** One oracle lies where the roster claims that none does (or, without the control, where it allows one). */
export const quorumOverlap: Scenario = {
  number: 102,
  name: "control-quorum-overlap",
  expected: ["HARD"],
  summary: "Victim and copy on either side of a partition, a double voter in both.",
  script: (stage) => {
    const { victim, world, topology } = stage;
    stage.sign(victim);
    stage.idle(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    voteForAll(world.oracle(1));
    const clone = stage.cloneMemory(victim);
    stage.until(() => clone.mode === "running", 3000, "the copy runs");
    const rest = world.oracles.slice(1).map(({ name }) => name);
    const half = Math.floor(rest.length / 2);
    world.cut([...rest.slice(0, half), victim.name], [...rest.slice(half), clone.name]);
    victim.submit("left");
    clone.submit("right");
    stage.run(2500);
    world.heal();
    stage.until(() => stage.hard, 8000, "evidence when it heals");
    stage.must(topology.oracles >= 3, "a cluster");
  },
};

/** Two oracles crash right after their votes left; a copy then proposes another header of that seq. */
export const crashAfterVote: Scenario = {
  number: 103,
  name: "control-crash-after-vote",
  expected: ["HARD"],
  summary: "Votes leave, two oracles lose power at once, a copy proposes another header.",
  setting: { topology: SMALL, heartbeatMs: 30_000 },
  script: (stage) => {
    const { victim, world } = stage;
    stage.sign(victim);
    stage.idle(victim);
    stage.until(() => stage.settled(victim), 8000, "all oracles follow");
    stage.run(300);
    const [a = 1, b = 2, c = 3, d = 4] = stage.someOracles(4);
    const clone = stage.cloneMemory(victim);
    stage.until(() => clone.mode === "running", 3000, "the copy runs");
    for (const id of [a, b]) world.oracle(id).store.latencyMs = 400;
    world.cut(
      [`o${d}`],
      [a, b, c].map((id) => `o${id}`),
    );
    world.cut([victim.name], [`o${d}`]);
    const seq = stage.seqOf(victim) + 1;
    victim.submit("first");
    const votes = (): number =>
      [...stage.facts.votes]
        .filter(([key]) => key.endsWith(`/${seq}`))
        .flatMap(([, hashes]) => [...hashes.values()])
        .reduce((most, voters) => Math.max(most, voters.size), 0);
    world.runUntil(() => votes() >= 3, 1500);
    stage.run(5);
    for (const id of [a, b]) world.oracle(id).restart(30);
    for (const id of [a, b]) world.oracle(id).store.latencyMs = 1;
    world.oracle(c).crash();
    victim.crash();
    stage.run(40);
    world.heal();
    stage.run(600);
    clone.submit("second");
    stage.run(4000);
    world.oracle(c).boot();
    victim.boot();
    stage.until(() => stage.hard || stage.suspended, 10_000, "the fork is found");
    stage.expect(stage.facts.detectedAs ?? "HARD");
  },
};

/** Three enrollments with one ticket of two uses, each seen by another pair of oracles. */
export const spreadEnrollments: Scenario = {
  number: 104,
  name: "control-spread-enrollments",
  expected: ["OK"],
  summary: "Enrollments of one use reach different quorums; quorums overlap, so the use is spent once.",
  setting: { topology: { oracles: 3, quorum: 2, byzantine: 0 } },
  script: (stage: Stage) => {
    const { world, prng } = stage;
    stage.run(300);
    const ticket = makeTicket(world.cluster, prng.fork("ticket"), 2);
    const routes: Record<string, readonly number[]> = { w0: [1, 2], w1: [1, 3], w2: [2, 3] };
    world.network.toOracle.push(({ agent, oracle }) => routes[agent]?.includes(oracle) ?? true);
    const agents = [0, 1, 2].map((i) => {
      const agent = stage.enroll(ticket, stage.spareKey(i), 1 + (i % 2), `w${i}`);
      stage.run(1500);
      return agent;
    });
    stage.run(4000);
    const live = agents.filter((agent) => agent.state?.phase.kind === "live").length;
    stage.must(live <= 2, `${live} instances on a ticket of 2`);
  },
};

/** A pool key that served an instance is reserved for another one later. */
export const poolKeyAgain: Scenario = {
  number: 105,
  name: "control-pool-key-again",
  expected: ["ALERT"],
  summary: "A reservation for a spent pool key is shown some seconds later.",
  script: (stage) => {
    const { world, prng } = stage;
    stage.run(300);
    const one = stage.enroll(makeTicket(world.cluster, prng.fork("a")), stage.spareKey(0), 1, "one");
    stage.until(() => one.mode === "running", 10_000, "the first enrolls");
    stage.run(3000);
    const other = stage.enroll(makeTicket(world.cluster, prng.fork("b")), stage.spareKey(0), 1, "other");
    stage.run(4000);
    stage.must(other.state?.phase.kind !== "live", "a pool key is never used again");
  },
};

/** Twins with one kernel state that only beat: nothing but the oracles' salts can part them. */
export const idleTwins: Scenario = {
  number: 106,
  name: "control-idle-twins",
  expected: ["HARD"],
  summary: "Two copies with one entropy state heartbeat side by side; the salts of the answers part them.",
  setting: { topology: SMALL, heartbeatMs: 1500 },
  script: (stage) => {
    const { victim } = stage;
    stage.sign(victim);
    stage.idle(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    stage.cloneMemory(victim, true);
    stage.until(() => stage.hard, 15_000, "the twins part and are found");
  },
};

/** Several messages in one step, each with a nonce pair of its own. */
export const batchedMessages: Scenario = {
  number: 107,
  name: "control-batched-messages",
  expected: ["OK"],
  summary: "One step carries four messages; every one is signed with nonces of its own.",
  script: (stage) => {
    const { victim } = stage;
    const texts = ["one", "two", "three", "four"];
    const batch = victim.submitMessages(texts.map(rawMessage), "four messages");
    stage.until(() => batch.outcome !== undefined, 20_000, "the batch is signed");
    stage.must(succeeded(batch), "every message of it");
  },
};
