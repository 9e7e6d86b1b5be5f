import type { Scenario } from "./scenario.ts";

/** The clone acts before its victim does: evidence at the victim's next contact, at the latest its next heartbeat. */
export const cloneFirst: Scenario = {
  number: 2,
  name: "clone-first",
  expected: ["HARD"],
  summary: "A copy of the running process signs first; the victim's next step proves the fork.",
  script: (stage) => {
    const { victim, prng } = stage;
    stage.sign(victim);
    stage.run(prng.between(0, stage.heartbeatMs));
    const clone = stage.cloneMemory(victim);
    // The copied heartbeat timer would betray the clone by chance: the attacker acts on its own time.
    stage.sign(clone, "stolen");
    if (prng.chance(0.5)) stage.sign(victim);
    stage.until(() => stage.hard, stage.heartbeatMs * 2 + 3000, "the victim's next contact gives evidence");
    stage.run(1500);
    stage.sign(victim, "after", 5000);
    stage.sign(clone, "after", 5000);
    stage.must(victim.mode === "dead" && clone.mode === "dead", "both copies are refused");
  },
};
