import type { Scenario } from "./scenario.ts";

/** Power fails at any persist point of W or of oracles, again and again: nothing is lost, nobody is accused. */
export const crashRestart: Scenario = {
  number: 12,
  name: "crash-restart",
  expected: ["IDEM"],
  summary: "W and oracles crash at random persist points and restart; every step is finished once.",
  script: (stage) => {
    const { victim, prng, world } = stage;
    const point = prng.int(6);
    victim.file.onSave = (save) => {
      if (save % 7 !== point) return "proceed";
      return prng.chance(0.5) ? "lose" : "keep-then-crash";
    };
    for (const oracle of world.oracles) {
      if (!prng.chance(0.5)) continue;
      const period = 5 + prng.int(12);
      oracle.store.onCommit = (commit) => {
        if (commit % period !== 0) return "proceed";
        world.queue.after(prng.between(0, 3), () => oracle.restart(prng.between(1, 500)));
        return prng.chance(0.5) ? "lose" : "proceed";
      };
    }
    for (let i = 0; i < 4; i++) {
      if (!victim.up) victim.boot();
      world.runUntil(() => victim.mode === "running" || !victim.up, 3000);
      if (victim.up) stage.sign(victim, `message ${i}`, 1500);
      stage.run(prng.between(0, stage.heartbeatMs / 2));
    }
    victim.file.onSave = undefined;
    for (const oracle of world.oracles) {
      oracle.store.onCommit = undefined;
      oracle.boot();
    }
    stage.run(1000);
    if (!victim.up) victim.boot();
    stage.until(() => victim.mode === "running", 30_000, "the workload comes back");
  },
};
