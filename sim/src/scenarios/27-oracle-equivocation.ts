import { type Vote, voteInput, votesOf } from "@ipse/protocol/session";
import type { Scenario } from "./scenario.ts";

/** A Byzantine oracle signs two votes for one seq: whoever sees both has evidence against it, nobody else suffers. */
export const oracleEquivocation: Scenario = {
  number: 27,
  name: "oracle-equivocation",
  expected: ["ALERT"],
  summary: "One oracle votes for two headers; its peers hold the proof, the workload goes on.",
  script: (stage) => {
    const { victim, world, prng, group } = stage;
    const [witness = 1] = stage.someOracles(1);
    stage.sign(victim);
    stage.run(1300);
    stage.until(() => stage.settled(victim), 3000, "all oracles follow");
    // The witness knows the true vote from the certificate of its head: evidence needs both.
    const certificate = world.oracle(witness).record(stage.instance)?.head?.qc;
    const votes = certificate === undefined ? [] : votesOf(certificate);
    const [real] = prng.shuffle(votes.map(({ vote }) => vote).filter(({ oracle }) => oracle !== witness));
    if (real === undefined) return stage.must(false, "another oracle has voted");
    const liar = real.oracle;
    world.oracle(liar).byzantine = true;
    const vote: Vote = { ...real, headerHash: prng.bytes(32) };
    const seed = world.cluster.voteSeeds[liar - 1] ?? new Uint8Array(32);
    const signed = { vote, signature: group.ed25519.sign(seed, voteInput(vote)) };
    world.peerSend(liar, witness, {
      kind: "gossip",
      newestVote: signed,
      yourNewestVote: undefined,
      items: [],
    });
    stage.run(1500);
    const convicted = (id: number): boolean =>
      world
        .oracle(id)
        .node?.equivocations()
        .some(({ first }) => first.vote.oracle === liar) === true;
    stage.must(convicted(witness), "the witness holds the evidence");
    stage.must(
      world.oracles.every(({ id }) => id === liar || convicted(id)),
      "and has told everybody",
    );
    stage.must(stage.sign(victim), "the workload goes on");
  },
};
