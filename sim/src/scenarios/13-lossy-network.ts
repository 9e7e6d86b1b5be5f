import type { Scenario } from "./scenario.ts";

/** Frames are lost, doubled, reordered and delayed; every step is finished and nobody is accused. */
export const lossyNetwork: Scenario = {
  number: 13,
  name: "lossy-network",
  expected: ["IDEM"],
  summary: "Loss, duplicates, reordering and delays on every link.",
  script: (stage) => {
    const { victim, prng, world } = stage;
    stage.agentLinks({
      loss: prng.between(0, 0.3),
      duplicate: prng.between(0, 0.3),
      reorder: prng.between(0, 0.2),
    });
    for (let i = 0; i < 4; i++) {
      stage.sign(victim, `message ${i}`, 8000);
      if (prng.chance(0.5)) {
        const [a, b] = stage.someOracles(2);
        if (a !== undefined && b !== undefined) world.resetPeerLink(a, b);
      }
    }
    stage.agentLinks({ loss: 0, duplicate: 0, reorder: 0 });
    stage.run(1000);
  },
};
