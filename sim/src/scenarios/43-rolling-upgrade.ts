import type { Scenario } from "./scenario.ts";

/** Every oracle restarts in turn, and then all at once: no instance stalls. */
export const rollingUpgrade: Scenario = {
  number: 43,
  name: "rolling-upgrade",
  expected: ["IDEM"],
  summary: "A rolling restart, then a restart of everything, with steps in flight.",
  script: (stage) => {
    const { victim, world, prng } = stage;
    for (const oracle of prng.shuffle(world.oracles)) {
      const asked = victim.submit(`during ${oracle.name}`);
      stage.run(prng.between(0, 15));
      oracle.restart(prng.between(10, 400));
      stage.until(() => asked.outcome !== undefined, 20_000, "the step is finished");
      stage.must(asked.outcome?.ok === true, "and signed");
      stage.run(prng.between(0, 1200));
    }
    victim.submit("during all");
    stage.run(prng.between(0, 10));
    for (const oracle of world.oracles) oracle.restart(prng.between(10, 300));
    stage.run(1500);
    stage.must(stage.sign(victim), "after all restarted it goes on");
  },
};
