import type { Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";

/** Restores a state file that is some steps old, with or without safe start. */
export function restoreOld(stage: Stage, safeStart: boolean): void {
  const { victim, prng } = stage;
  stage.sign(victim);
  const backup = victim.file.image();
  for (let i = 0; i <= prng.int(3); i++) stage.sign(victim, `progress ${i}`);
  if (prng.chance(0.5)) stage.ratchet(victim);
  stage.until(() => stage.settled(victim), 5000, "all oracles follow");
  victim.crash();
  const restored = stage.cloneDisk(victim, backup);
  if (safeStart) restored.boot();
  else restored.bootWithoutSafeStart();
  restored.submit("after the restore");
}

/** A backup is restored after progress; safe start finds it behind and says so itself. */
export const restoreAfterProgress: Scenario = {
  number: 17,
  name: "restore-after-progress",
  expected: ["SOFT"],
  summary:
    "An old backup is restored; safe start finds newer steps, the instance is suspended for an operator.",
  script: (stage) => {
    restoreOld(stage, true);
    stage.until(() => stage.suspended, 5000, "the restored copy reports itself stale");
    stage.run(1500);
    stage.must(!stage.hard, "nobody is convicted for a restore");
  },
};
