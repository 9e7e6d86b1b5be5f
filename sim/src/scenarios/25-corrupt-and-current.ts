import { canSign, emptyView, learnFile, learnOracle } from "../crypto/knowledge.ts";
import type { Scenario } from "./scenario.ts";

/** t-1 corrupt oracles do not help a current copy: it needs a correct oracle's vote and is found as any copy is. */
export const corruptAndCurrent: Scenario = {
  number: 25,
  name: "corrupt-and-current",
  expected: ["HARD"],
  summary:
    "t - 1 oracles' memories and a current copy: still one share short, so it must step, and is found.",
  script: (stage) => {
    const { victim, world, topology, group } = stage;
    stage.sign(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    const view = emptyView(stage.genesis, group);
    for (const id of stage.someOracles(topology.quorum - 1))
      learnOracle(view, world.oracle(id), stage.instance);
    const file = victim.file.image();
    if (file !== undefined) learnFile(view, file);
    stage.must(!canSign(view, topology.quorum), "one share is missing");
    const clone = stage.cloneMemory(victim);
    stage.sign(clone, "stolen", 5000);
    stage.until(() => stage.hard, stage.heartbeatMs * 2 + 3000, "the victim's next contact gives evidence");
  },
};
