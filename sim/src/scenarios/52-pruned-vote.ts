import type { SignedVote } from "@ipse/protocol/session";
import type { Scenario } from "./scenario.ts";

/** An oracle is shown an old vote of its own that it has long pruned: an old counter proves nothing, it is not fenced. */
export const prunedVote: Scenario = {
  number: 52,
  name: "pruned-vote",
  expected: ["IDEM"],
  summary:
    "Old votes are shown to the oracles that cast them, after the steps were pruned; nobody is fenced.",
  script: (stage) => {
    const { victim, world } = stage;
    const votes: SignedVote[] = [];
    world.observers.push({
      oracleSaid: (_oracle, _packet, message) => {
        if (message.kind === "ordered" && message.vote !== undefined) votes.push(message.vote);
      },
    });
    stage.sign(victim);
    const old = [...votes];
    stage.ratchet(victim, 2);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    stage.ageBeyondRetention();
    for (const vote of old) {
      for (const { id } of world.oracles) {
        if (id === vote.vote.oracle) continue;
        world.peerSend(id, vote.vote.oracle, {
          kind: "gossip",
          newestVote: undefined,
          yourNewestVote: vote,
          items: [],
        });
      }
    }
    stage.run(1500);
    stage.must(old.length > 0, "there are old votes");
    stage.must(
      world.oracles.every(({ node }) => node?.fenced === false),
      "nobody is fenced by its own past",
    );
  },
};
