import type { Scenario } from "./scenario.ts";

/** The victim has gone on before the clone acts: its first step is evidence, and it gets nothing. */
export const victimFirst: Scenario = {
  number: 3,
  name: "victim-first",
  expected: ["HARD"],
  summary: "The victim signs once more before the copy acts; the copy's first step convicts it.",
  script: (stage) => {
    const { victim } = stage;
    stage.sign(victim);
    const image = victim.memoryImage();
    stage.facts.copied = true;
    stage.must(stage.sign(victim, "the victim goes on"), "the victim signs");
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    const clone = stage.world.newAgent("copy", true, image.entropy.clone("copy", false));
    clone.resume(image);
    stage.sign(clone, "stolen", 5000);
    stage.until(() => stage.hard, 3000, "the copy's first step is evidence");
    stage.must(clone.signatures === 0, "the copy got no signature");
  },
};
