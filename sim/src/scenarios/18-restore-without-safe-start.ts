import { restoreOld } from "./17-restore-after-progress.ts";
import type { Scenario } from "./scenario.ts";

/** The documented cost of skipping safe start: a benign restore is the same trace as a clone. */
export const restoreWithoutSafeStart: Scenario = {
  number: 18,
  name: "restore-without-safe-start",
  expected: ["HARD"],
  summary: "The same restore by an agent that skips safe start is indistinguishable from a clone.",
  script: (stage) => {
    restoreOld(stage, false);
    stage.until(() => stage.hard, 6000, "its first step is evidence");
  },
};
