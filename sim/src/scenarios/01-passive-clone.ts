import type { Scenario } from "./scenario.ts";

/** The provable limit: a copy that never acts cannot be seen. One honest ratchet makes it worthless. */
export const passiveClone: Scenario = {
  number: 1,
  name: "passive-clone",
  expected: ["NONE"],
  summary: "The state is copied and the copy stays silent; after one ratchet it is dead.",
  script: (stage) => {
    const { victim } = stage;
    stage.sign(victim);
    const stolen = stage.cloneDisk(victim);
    stage.must(stage.ratchet(victim), "the victim ratchets");
    stage.until(() => stage.settled(victim), 5000, "every oracle holds the new share");
    stage.must(!stage.suspended, "nothing is detected while the copy is passive");
    // The detector must not matter: the copy's chain key is not the one of head + 1, its share is of a dead version.
    const before = stage.versionOf(victim);
    const state = stolen.file.load();
    stage.must(state !== undefined && before > 0, "there is a copy to try");
    const detected = stage.facts.detectedAs;
    stage.facts.detectedAs = undefined;
    stage.must(detected === undefined, "no evidence without an act");
    stage.judgeLiveness = false;
  },
};
