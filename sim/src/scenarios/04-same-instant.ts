import type { Scenario } from "./scenario.ts";

/** Both copies step at the same instant: one header or none is certified, and gossip finds the other. */
export const sameInstant: Scenario = {
  number: 4,
  name: "same-instant",
  expected: ["HARD"],
  summary: "Victim and copy propose the same seq at the same moment.",
  script: (stage) => {
    const { victim, world } = stage;
    stage.sign(victim);
    stage.idle(victim);
    const clone = stage.cloneMemory(victim);
    stage.until(() => clone.mode === "running", 5000, "the copy runs");
    stage.run(10);
    const seq = stage.seqOf(victim) + 1;
    victim.submit("mine");
    clone.submit("mine too");
    stage.until(() => stage.hard, 6000, "gossip finds both headers");
    const certified = [...stage.facts.certified].filter(([key]) => key.endsWith(`/${seq}`));
    stage.must(
      certified.every(([, hashes]) => hashes.size <= 1),
      "at most one header is certified",
    );
    world.run(500);
  },
};
