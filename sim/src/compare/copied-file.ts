import type { Scenario } from "../scenarios/scenario.ts";
import type { Stage } from "../scenarios/stage.ts";

/** A thief uses a copy at once; the victim is idle, so that only its next heartbeat can find out. */
function stealFromIdle(stage: Stage, memory: boolean): void {
  const { victim } = stage;
  stage.sign(victim);
  stage.idle(victim);
  stage.run(stage.prng.between(0, stage.heartbeatMs));
  const thief = memory ? stage.cloneMemory(victim) : stage.cloneDisk(victim);
  if (!memory) thief.bootWithoutSafeStart();
  stage.sign(thief, "stolen", 5000);
  stage.until(() => stage.hard, stage.heartbeatMs * 2 + 5000, "the victim's next contact gives evidence");
}

/** The state file is read while the workload runs, and used at once by an agent that skips safe start. */
export const copiedFile: Scenario = {
  number: 201,
  name: "compare-copied-file",
  expected: ["HARD"],
  summary: "A thief reads the current state file and signs with it until the victim's next contact.",
  script: (stage) => stealFromIdle(stage, false),
};

/** Memory, or the whole machine, is copied. */
export const copiedMemory: Scenario = {
  number: 202,
  name: "compare-copied-memory",
  expected: ["HARD"],
  summary: "A thief copies the running process and signs with the copy until the victim's next contact.",
  script: (stage) => stealFromIdle(stage, true),
};

/** The thief signs once a second until it is found: what a heartbeat interval costs. */
export const exposure: Scenario = {
  number: 203,
  name: "compare-exposure",
  expected: ["HARD"],
  summary: "A copy signs once a second until its idle victim's heartbeat.",
  script: (stage) => {
    const { victim } = stage;
    stage.sign(victim);
    stage.idle(victim);
    stage.run(stage.prng.between(0, stage.heartbeatMs));
    const thief = stage.cloneMemory(victim);
    for (let i = 0; i < 200 && !stage.hard; i++) {
      stage.sign(thief, `stolen ${i}`, 900);
      stage.world.runUntil(() => stage.hard, 1000);
    }
    stage.must(stage.hard, "the heartbeat gives evidence");
  },
};
