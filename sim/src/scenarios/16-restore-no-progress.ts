import type { Scenario } from "./scenario.ts";

/** A backup is restored and nothing had happened since: it simply goes on. */
export const restoreNoProgress: Scenario = {
  number: 16,
  name: "restore-no-progress",
  expected: ["OK"],
  summary: "A restore of the newest state on another machine goes on as if nothing had been.",
  script: (stage) => {
    const { victim, world } = stage;
    stage.sign(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    victim.crash();
    const backup = victim.file.image();
    stage.run(stage.prng.between(100, 5000));
    const restored = world.newAgent("restored");
    restored.file.restore(backup);
    stage.facts.copied = true;
    restored.boot();
    stage.must(stage.sign(restored), "the restored workload signs");
    stage.must(stage.ratchet(restored), "and ratchets");
  },
};
