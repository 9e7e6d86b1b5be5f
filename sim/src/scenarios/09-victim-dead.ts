import type { Scenario } from "./scenario.ts";

/** A dead victim hides its clone until somebody else acts. A provable limit. */
export const victimDead: Scenario = {
  number: 9,
  name: "victim-dead",
  expected: ["NONE"],
  summary: "The victim is gone for good; its copy goes on undetected.",
  script: (stage) => {
    const { victim, prng } = stage;
    stage.sign(victim);
    const clone = stage.cloneMemory(victim);
    victim.crash();
    for (let i = 0; i <= prng.int(3); i++) stage.must(stage.sign(clone, `stolen ${i}`), "the copy signs");
    stage.run(stage.heartbeatMs);
    stage.must(!stage.suspended, "nobody can tell the copy from the victim");
  },
};
