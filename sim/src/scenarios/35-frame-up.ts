import { alienEvidence, forgeEvidence, stands } from "./forging.ts";
import type { Scenario } from "./scenario.ts";

/** Oracles try to frame a workload: what they can make does not verify, and no correct oracle acts on it. */
export const frameUp: Scenario = {
  number: 35,
  name: "frame-up",
  expected: ["PREV"],
  summary: "Byzantine oracles gossip forged evidence; it fails to verify and changes nothing.",
  script: (stage) => {
    const { victim, world } = stage;
    stage.sign(victim);
    stage.ratchet(victim);
    const [liar = 1] = stage.someOracles(1);
    world.oracle(liar).byzantine = true;
    const evidence = forgeEvidence(stage);
    if (evidence === undefined) return stage.must(false, "there is a history to forge from");
    stage.must(!stands(stage, evidence), "the forgery does not verify");
    const alien = alienEvidence(stage);
    const judgedBy = stage.broken.has("pinned-roster") ? alien.roster : world.agentRoster;
    stage.must(
      !stands(stage, alien.evidence, judgedBy),
      "evidence of a made-up trust domain does not verify",
    );
    for (const { id } of world.oracles) {
      if (id === liar) continue;
      const item = { kind: "evidence" as const, evidence };
      world.peerSend(liar, id, {
        kind: "gossip",
        newestVote: undefined,
        yourNewestVote: undefined,
        items: [item],
      });
    }
    stage.run(1500);
    stage.must(!stage.suspended, "no correct oracle acts on it");
    stage.must(stage.sign(victim), "the workload goes on");
  },
};
