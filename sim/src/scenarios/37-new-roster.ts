import { equalBytes } from "@ipse/protocol";
import { nextRoster } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";

/** A new roster is published while steps are pending: instances go on under the one they enrolled with. */
export const newRoster: Scenario = {
  number: 37,
  name: "new-roster",
  expected: ["IDEM"],
  summary:
    "Oracles restart with a new roster in turn; old instances go on under theirs, votes of two rosters never mix.",
  script: (stage) => {
    const { victim, world, prng } = stage;
    stage.sign(victim);
    const old = world.cluster.rosterHash;
    world.cluster = nextRoster(world.cluster);
    const pending = victim.submit("pending during the change");
    stage.run(prng.between(0, 10));
    for (const oracle of prng.shuffle(world.oracles)) {
      oracle.restart(prng.between(10, 300));
      stage.run(prng.between(50, 800));
    }
    stage.until(() => pending.outcome !== undefined, 20_000, "the pending step ends");
    stage.must(stage.sign(victim, "after"), "it signs under the new roster's oracles");
    const phase = victim.state?.phase;
    const own = phase?.kind === "live" && equalBytes(phase.head.qc.rosterHash, old);
    stage.must(own, "its certificates are under the roster it enrolled with");
  },
};
