import type { Scenario } from "./scenario.ts";

/** The attacker cuts the victim off: nothing can be found until its first packet arrives. A provable limit, bounded by contact. */
export const victimSuppressed: Scenario = {
  number: 8,
  name: "victim-suppressed",
  expected: ["HARD"],
  summary: "The victim's packets are swallowed while the copy works; its first delivered packet convicts.",
  script: (stage) => {
    const { victim, prng, world } = stage;
    stage.sign(victim);
    let suppressed = true;
    world.network.toOracle.push(({ agent }) => !(suppressed && agent === victim.name));
    const clone = stage.cloneMemory(victim);
    const rounds = 1 + prng.int(3);
    for (let i = 0; i < rounds; i++) {
      stage.must(stage.sign(clone, `stolen ${i}`, 8000), "the copy signs undisturbed");
      stage.run(stage.heartbeatMs);
    }
    stage.must(!stage.suspended, "nothing is found while the victim is cut off");
    suppressed = false;
    stage.until(() => stage.hard, 30_000, "the victim's first packet gives evidence");
  },
};
