import type { Scenario } from "./scenario.ts";

/** The copy is taken after the write-ahead and before any reply: both finish the same step, the next one convicts. */
export const cloneMidStep: Scenario = {
  number: 6,
  name: "clone-mid-step",
  expected: ["HARD"],
  summary: "Copied with a pending step: idempotent for that step, evidence one step later.",
  script: (stage) => {
    const { victim, world } = stage;
    stage.sign(victim);
    stage.idle(victim);
    const seq = stage.seqOf(victim) + 1;
    victim.submit("pending when copied");
    const pending = (): boolean => {
      const phase = victim.state?.phase;
      return phase?.kind === "live" && phase.pending?.signed.header.seq === seq;
    };
    stage.until(pending, 2000, "the step is written ahead");
    const clone = stage.cloneMemory(victim);
    stage.until(
      () => stage.seqOf(victim) >= seq && stage.seqOf(clone) >= seq,
      25_000,
      "both finish the step",
    );
    const certified = [...stage.facts.certified].find(([key]) => key.endsWith(`/${seq}`));
    stage.must(certified?.[1].size === 1, "it is one and the same step");
    stage.sign(clone, "the copy's own", 5000);
    stage.sign(victim, "the victim's own", 5000);
    stage.until(() => stage.hard, stage.heartbeatMs * 2 + 4000, "the next step is evidence");
    world.run(100);
  },
};
