import { useOldFile } from "./11-old-backup-theft.ts";
import type { Scenario } from "./scenario.ts";

/** A former administrator uses an old state file to hurt: it signs nothing; beyond retention it does not even stop the service. */
export const revenge: Scenario = {
  number: 36,
  name: "revenge",
  expected: ["HARD", "ALERT"],
  summary: "An old holder replays its copy out of spite; as a stolen backup.",
  script: (stage) => useOldFile(stage, stage.prng.chance(0.6)),
};
