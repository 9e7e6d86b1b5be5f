import type { Scenario } from "./scenario.ts";

/** Clocks are hours apart and drift: no safety rule moves, nobody is suspended. */
export const clockSkew: Scenario = {
  number: 34,
  name: "clock-skew",
  expected: ["IDEM"],
  summary: "Oracles' and workload's clocks are hours apart, drift and jump.",
  script: (stage) => {
    const { world, prng } = stage;
    for (const oracle of world.oracles) {
      oracle.clock.offsetMs = prng.between(-6, 6) * 3_600_000;
      oracle.clock.rate = prng.between(0.8, 1.25);
    }
    const { victim } = stage;
    victim.clock.rate = prng.between(0.9, 1.1);
    for (let i = 0; i < 3; i++) {
      stage.must(stage.sign(victim, `message ${i}`), "it signs");
      victim.clock.offsetMs += prng.between(-1, 1) * 7_200_000;
    }
    stage.must(stage.ratchet(victim), "it ratchets");
  },
};
