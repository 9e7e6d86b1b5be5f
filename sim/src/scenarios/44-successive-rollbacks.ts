import { PRESETS, SMALL } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";

/** Different oracles are rolled back one after the other, one more is Byzantine: each is fenced, still one header per seq. */
export const successiveRollbacks: Scenario = {
  number: 44,
  name: "successive-rollbacks",
  expected: ["OK"],
  summary: "Rollbacks of one oracle after another beside a Byzantine one that says nothing of them.",
  setting: { topology: PRESETS[1] ?? SMALL },
  script: (stage) => {
    const { victim, world, prng, topology } = stage;
    const [silent = 1, ...others] = stage.someOracles(topology.oracles);
    world.oracle(silent).byzantine = true;
    // It hides from every peer the votes it has seen of theirs.
    world.network.between.push((packet) => packet.from !== silent || packet.message.kind !== "gossip");
    for (const id of others.slice(0, topology.oracles - topology.quorum - 1)) {
      stage.sign(victim);
      const image = world.oracle(id).store.image();
      stage.sign(victim);
      stage.run(1300);
      world.oracle(id).rollback(image, prng.between(20, 300));
      stage.until(() => world.oracle(id).node?.fenced === true, 8000, "the rolled-back oracle is fenced");
      stage.must(stage.sign(victim), "signing goes on");
    }
  },
};
