import type { Scenario } from "./scenario.ts";

/** The copy is taken with round two under way, z_W in memory: no nonce serves twice, and the next step convicts. */
export const cloneMidSigning: Scenario = {
  number: 7,
  name: "clone-mid-signing",
  expected: ["HARD"],
  summary: "Copied between COMMIT and the signature shares; no nonce is reused, the next step is evidence.",
  script: (stage) => {
    const { victim } = stage;
    stage.sign(victim);
    stage.idle(victim);
    const seq = stage.seqOf(victim) + 1;
    victim.submit("being signed when copied");
    stage.until(
      () => victim.host?.snapshot().state.memory.signing?.attempt !== undefined,
      4000,
      "round two is under way",
    );
    const clone = stage.cloneMemory(victim);
    stage.until(() => stage.seqOf(victim) >= seq && stage.seqOf(clone) >= seq, 40_000, "both end the step");
    stage.sign(victim, "the victim's own", 5000);
    stage.sign(clone, "the copy's own", 5000);
    stage.until(() => stage.hard, stage.heartbeatMs * 2 + 4000, "the next step is evidence");
  },
};
