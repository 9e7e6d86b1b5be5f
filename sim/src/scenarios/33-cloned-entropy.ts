import type { Scenario } from "./scenario.ts";

/** A VM is cloned with its kernel generator's state: the oracles' salts part the copies, and no nonce serves twice. */
export const clonedEntropy: Scenario = {
  number: 33,
  name: "cloned-entropy",
  expected: ["HARD"],
  summary:
    "Both copies draw the same random numbers; the oracles' salts make them diverge, and the fork is found.",
  script: (stage) => {
    const { victim } = stage;
    stage.sign(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    const clone = stage.cloneMemory(victim, true);
    stage.until(() => clone.mode === "running", 3000, "the copy runs");
    for (let i = 0; i < 4 && !stage.hard; i++) {
      victim.submit(`message ${i}`);
      clone.submit(`message ${i}`);
      stage.run(1000);
    }
    stage.until(() => stage.hard, stage.heartbeatMs * 3 + 40_000, "the copies part and are found");
  },
};
