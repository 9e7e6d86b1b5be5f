import type { Scenario } from "./scenario.ts";

/** An oracle's VOTE is lost and the certificate reaches it without: its share survives, old or new. */
export const voteLost: Scenario = {
  number: 50,
  name: "vote-lost",
  expected: ["IDEM"],
  summary:
    "One oracle's votes never arrive; certificates are made without it, and it loses no share it may still need.",
  script: (stage) => {
    const { victim, world } = stage;
    stage.sign(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    const [lost = 1, down = 2] = stage.someOracles(2);
    let losing = true;
    world.network.toAgent.push(
      ({ to, message }) => !(losing && to.oracle === lost && message.kind === "ordered"),
    );
    stage.ratchet(victim, 2);
    stage.run(300);
    losing = false;
    stage.must(stage.sign(victim), "it signs");
    stage.ratchet(victim);
    world.oracle(down).crash();
    stage.must(
      stage.sign(victim, "needs every other oracle"),
      "the oracle whose votes were lost still has a share",
    );
    stage.must(stage.ratchet(victim), "and takes part in a ratchet");
    world.oracle(down).boot();
  },
};
