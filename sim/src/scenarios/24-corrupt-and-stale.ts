import { canSign, emptyView, learnFile, learnOracle } from "../crypto/knowledge.ts";
import type { Scenario } from "./scenario.ts";

/** t-1 corrupt oracles and a stale copy of W, every correct oracle holding the ratchet: not enough to sign. */
export const corruptAndStale: Scenario = {
  number: 24,
  name: "corrupt-and-stale",
  expected: ["PREV"],
  summary: "t - 1 oracles' memories and a state file from before the last ratchet together cannot sign.",
  script: (stage) => {
    const { victim, world, topology, group } = stage;
    stage.sign(victim);
    const corrupt = stage.someOracles(topology.quorum - 1);
    const view = emptyView(stage.genesis, group);
    for (const id of corrupt) learnOracle(view, world.oracle(id), stage.instance);
    const stolen = victim.file.image();
    stage.must(stage.ratchet(victim), "one honest ratchet");
    // An oracle erases on the workload's word (COMMIT, CERT), which may come after gossip has moved its head.
    const stillOld = (id: number): boolean => {
      const shares = world.oracle(id).record(stage.instance)?.shares ?? [];
      return shares.some(({ version }) => version < stage.versionOf(victim));
    };
    const erased = (): boolean => world.oracles.filter(({ id }) => stillOld(id)).length < topology.quorum;
    stage.until(
      () => stage.settled(victim) && erased(),
      8000,
      "every correct oracle holds it, t do not hold the old",
    );
    if (stolen !== undefined) learnFile(view, stolen);
    for (const id of corrupt) learnOracle(view, world.oracle(id), stage.instance);
    stage.must(!canSign(view, topology.quorum), "the adversary's view does not suffice to sign");
    const thieves = emptyView(stage.genesis, group);
    if (stolen !== undefined) learnFile(thieves, stolen);
    for (const id of stage.someOracles(topology.quorum))
      learnOracle(thieves, world.oracle(id), stage.instance);
    stage.must(!canSign(thieves, topology.quorum), "nor do t disks stolen after the ratchet");
  },
};
