import { SMALL } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";

/** The network splits in halves with a copy in each: neither certifies, and healing brings the evidence. */
export const partitionFork: Scenario = {
  number: 29,
  name: "partition-fork",
  expected: ["HARD"],
  summary: "Partition 2/2 with victim and copy on either side: nothing is certified, evidence when it heals.",
  setting: { topology: SMALL },
  script: (stage) => {
    const { victim, world, prng } = stage;
    stage.sign(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    const clone = stage.cloneMemory(victim);
    stage.until(() => clone.mode === "running", 3000, "the copy runs");
    const sides = prng.shuffle(world.oracles.map(({ name }) => name));
    const [left, right] = [sides.slice(0, 2), sides.slice(2)];
    world.cut([...left, victim.name], [...right, clone.name]);
    stage.idle(victim);
    const seq = stage.seqOf(victim);
    victim.submit("left");
    clone.submit("right");
    stage.run(stage.heartbeatMs + prng.between(0, 3000));
    stage.must(
      stage.seqOf(victim) === seq && stage.seqOf(clone) === seq,
      "nothing is certified on either side",
    );
    stage.must(!stage.suspended, "nobody can know yet");
    world.heal();
    stage.until(() => stage.hard, 6000, "evidence when the network heals");
  },
};
