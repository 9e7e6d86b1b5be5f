import { utf8 } from "@ipse/protocol";
import { tokenJti } from "@ipse/protocol/oauth";
import type { Scenario } from "./scenario.ts";

/** One assertion is shown to every oracle as coordinator at once: burning its jti leaves at most one a quorum of co-signers. */
export const tokenReplay: Scenario = {
  number: 40,
  name: "token-replay",
  expected: ["PREV"],
  summary: "One assertion, every oracle a coordinator, all at once: at most one gets enough co-signers.",
  script: (stage) => {
    const { world, prng, topology } = stage;
    stage.must(stage.sign(stage.victim), "the cluster works");
    const jti = tokenJti(utf8(`assertion ${prng.u32()}`));
    /** coordinator -> co-signers whose burn was the first. */
    const granted = new Map<number, number>();
    for (const coordinator of world.oracles) {
      for (const { id } of prng.shuffle(world.oracles)) {
        world.queue.after(prng.exponential(10), () => {
          world.oracle(id).node?.burn(utf8(`${jti}`), Math.ceil(world.now) + 60_000, (fresh) => {
            if (fresh) granted.set(coordinator.id, (granted.get(coordinator.id) ?? 0) + 1);
          });
        });
      }
    }
    const [restarted = 1] = stage.someOracles(1);
    stage.run(prng.between(0, 30));
    world.oracle(restarted).restart(20);
    stage.run(500);
    const tokens = [...granted.values()].filter((count) => count >= topology.quorum).length;
    stage.must(tokens <= 1, "at most one token");
    let again = 0;
    for (const { node } of world.oracles) {
      node?.burn(utf8(`${jti}`), Math.ceil(world.now) + 60_000, (fresh) => {
        if (fresh) again++;
      });
    }
    stage.run(100);
    stage.must(again < topology.quorum, "and none for a later replay");
  },
};
