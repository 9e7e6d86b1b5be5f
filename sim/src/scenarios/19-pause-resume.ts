import type { Scenario } from "./scenario.ts";

/** The machine stands still and goes on, or moves to another host: nothing happens. */
export const pauseResume: Scenario = {
  number: 19,
  name: "pause-resume",
  expected: ["OK"],
  summary: "VM pause, suspend and live migration of the one and only copy.",
  script: (stage) => {
    const { victim, prng, world } = stage;
    stage.sign(victim);
    const pausedMs = prng.between(100, 20_000);
    if (prng.chance(0.5)) {
      victim.submit("in flight");
      stage.run(prng.between(0, 20));
    }
    if (prng.chance(0.5)) {
      victim.pause();
      stage.run(pausedMs);
      if (prng.chance(0.5)) victim.clock.frozenMs += pausedMs;
      victim.wake();
      stage.run(2000);
      stage.must(stage.sign(victim), "it goes on");
      return;
    }
    const image = victim.memoryImage();
    victim.crash();
    stage.run(pausedMs / 10);
    const migrated = world.newAgent("migrated", false, image.entropy.clone("migrated", true));
    migrated.entropy.prng.state = image.entropy.prng.state;
    migrated.resume(image);
    stage.run(2000);
    stage.must(stage.sign(migrated), "it goes on elsewhere");
  },
};
