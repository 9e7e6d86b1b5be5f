import type { Scenario } from "./scenario.ts";

/** The copy makes as many steps as it can before the victim's heartbeat: all of them end there, and are counted. */
export const cloneBurst: Scenario = {
  number: 5,
  name: "clone-burst",
  expected: ["HARD"],
  summary: "A copy signs a burst of steps inside one heartbeat; the victim's heartbeat ends it.",
  script: (stage) => {
    const { victim, prng, world } = stage;
    stage.sign(victim);
    const clone = stage.cloneMemory(victim);
    const steps = 3 + prng.int(6);
    for (let i = 0; i < steps && !stage.hard; i++) stage.sign(clone, `stolen ${i}`, 2000);
    stage.until(() => stage.hard, stage.heartbeatMs * 2 + 3000, "the victim's heartbeat gives evidence");
    world.run(2500);
    const before = clone.signatures;
    stage.sign(clone, "one more", 1500);
    stage.must(clone.signatures === before, "the copy gets nothing after the evidence");
  },
};
