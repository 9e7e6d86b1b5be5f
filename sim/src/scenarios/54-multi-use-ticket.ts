import { makeTicket } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";

/** A ticket of k uses in more hands than k: never more instances than uses. */
export const multiUseTicket: Scenario = {
  number: 54,
  name: "multi-use-ticket",
  expected: ["ALERT"],
  summary: "More workloads than uses enroll at once with one ticket: at most as many instances as uses.",
  script: (stage) => {
    const { world, prng } = stage;
    stage.run(300);
    const uses = 1 + prng.int(3);
    const ticket = makeTicket(world.cluster, prng.fork("ticket"), uses);
    const agents = Array.from({ length: uses + 1 + prng.int(2) }, (_, i) => {
      const agent = stage.enroll(ticket, stage.spareKey(i), 1 + (i % uses), `w${i}`);
      stage.run(prng.between(0, 8));
      return agent;
    });
    stage.run(4000);
    const live = agents.filter((agent) => agent.state?.phase.kind === "live");
    stage.must(live.length <= uses, `${live.length} instances on a ticket of ${uses}`);
    stage.must(stage.facts.alerts.includes("ticket.used-again"), "a spent use raises an alert");
    for (const agent of live.slice(0, 1)) stage.must(stage.sign(agent), "those that enrolled work");
  },
};
