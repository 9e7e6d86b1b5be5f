import type { Scenario } from "./scenario.ts";

/** Several copies: any two that meet one seq convict the instance. */
export const severalClones: Scenario = {
  number: 10,
  name: "several-clones",
  expected: ["HARD"],
  summary: "Two to four copies of a dead victim; the first two that meet one seq are evidence.",
  script: (stage) => {
    const { victim, prng } = stage;
    stage.sign(victim);
    const clones = Array.from({ length: 2 + prng.int(3) }, () => stage.cloneMemory(victim));
    if (prng.chance(0.5)) victim.crash();
    for (const clone of prng.shuffle(clones)) {
      stage.run(prng.between(0, 200));
      clone.submit("stolen");
    }
    stage.until(() => stage.hard, stage.heartbeatMs * 2 + 4000, "two of them meet");
  },
};
