import { makeTicket } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";

/** Two enrollments race for one pool key and one ticket use: at most one wins, at worst that use and its keys are spent. */
export const poolKeyRace: Scenario = {
  number: 49,
  name: "pool-key-race",
  expected: ["ALERT"],
  summary: "One pool key reserved twice by a lying owner, one ticket use sent twice: at most one instance.",
  script: (stage) => {
    const { world, prng } = stage;
    stage.run(300);
    const sameTicket = prng.chance(0.5);
    const first = makeTicket(world.cluster, prng.fork("first"), 1);
    const second = sameTicket ? first : makeTicket(world.cluster, prng.fork("second"), 1);
    const one = stage.enroll(first, stage.spareKey(0), 1, "one");
    stage.run(prng.between(0, 5));
    const other = stage.enroll(second, stage.spareKey(sameTicket && prng.chance(0.5) ? 1 : 0), 1, "other");
    stage.run(3000);
    const live = [one, other].filter((agent) => agent.state?.phase.kind === "live");
    stage.must(live.length <= 1, "at most one of them enrolls");
    stage.must(stage.facts.alerts.includes("ticket.used-again"), "the loser raises an alert");
    for (const agent of live) stage.must(stage.sign(agent), "the winner works");
    const third = stage.enroll(
      makeTicket(world.cluster, prng.fork("third"), 1),
      stage.spareKey(2),
      1,
      "third",
    );
    stage.until(() => third.mode === "running", 10_000, "others enroll undisturbed");
  },
};
