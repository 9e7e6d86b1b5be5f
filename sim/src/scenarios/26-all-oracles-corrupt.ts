import { canSign, emptyView, learnOracle } from "../crypto/knowledge.ts";
import { forgeEvidence, stands } from "./forging.ts";
import type { Scenario } from "./scenario.ts";

/** All oracles together, W honest: they cannot sign and cannot frame. */
export const allOraclesCorrupt: Scenario = {
  number: 26,
  name: "all-oracles-corrupt",
  expected: ["PREV"],
  summary: "Every oracle's share and vote key in one hand: no signature without s_W, no evidence without E.",
  script: (stage) => {
    const { victim, world, topology, group } = stage;
    stage.sign(victim);
    stage.ratchet(victim);
    const view = emptyView(stage.genesis, group);
    for (const oracle of world.oracles) learnOracle(view, oracle, stage.instance);
    stage.must(!canSign(view, topology.quorum), "all oracle shares do not suffice");
    const forged = forgeEvidence(stage);
    stage.must(forged !== undefined && !stands(stage, forged), "forged evidence does not verify");
  },
};
