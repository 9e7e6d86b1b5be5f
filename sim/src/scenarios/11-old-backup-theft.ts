import type { Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";

/** An old state file is used by an attacker who skips safe start. */
export function useOldFile(stage: Stage, beyondRetention: boolean): void {
  const { victim } = stage;
  stage.sign(victim);
  const old = victim.file.image();
  stage.must(stage.ratchet(victim, 3), "the victim ratchets on");
  stage.until(() => stage.settled(victim), 8000, "all oracles follow");
  if (beyondRetention) stage.ageBeyondRetention();
  const thief = stage.cloneDisk(victim, old);
  thief.bootWithoutSafeStart();
  stage.sign(thief, "from the backup", 6000);
  stage.must(thief.signatures === 0, "an old share and chain key sign nothing");
  if (!beyondRetention) {
    stage.expect("HARD");
    stage.until(() => stage.hard, 4000, "inside retention it is evidence");
    return;
  }
  stage.expect("ALERT");
  // Beyond retention nobody remembers the other header: the promise ends there, and the alert takes its place.
  stage.allowed.add("fork-found-in-time");
  stage.must(stage.facts.alerts.includes("step.beyond-retention"), "the oracles raise an alert");
  stage.must(!stage.suspended, "nobody is suspended for it");
  stage.must(stage.sign(victim, "goes on"), "the victim goes on");
}

/** A backup older than the last ratchet is stolen: nothing is signed; inside retention its use convicts, beyond it alerts. */
export const oldBackupTheft: Scenario = {
  number: 11,
  name: "old-backup-theft",
  expected: ["HARD", "ALERT"],
  summary:
    "A state file from some ratchets ago is used: it signs nothing and is evidence, or an alert beyond retention.",
  script: (stage) => useOldFile(stage, stage.prng.chance(0.3)),
};
