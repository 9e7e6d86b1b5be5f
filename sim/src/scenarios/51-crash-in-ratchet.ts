import type { Scenario } from "./scenario.ts";

/** W crashes inside a ratchet while one oracle is down: the ratchet is finished, nobody loses a share. */
export const crashInRatchet: Scenario = {
  number: 51,
  name: "crash-in-ratchet",
  expected: ["IDEM"],
  summary:
    "A crash at any save of a ratchet with an oracle down; after the restart it is finished, the absent one catches up.",
  script: (stage) => {
    const { victim, world, prng } = stage;
    stage.sign(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    const [down = 1, other = 2] = stage.someOracles(2);
    world.oracle(down).crash();
    const at = victim.file.saves + 1 + prng.int(3);
    const keep = prng.chance(0.5);
    victim.file.onSave = (save) => (save === at ? (keep ? "keep-then-crash" : "lose") : "proceed");
    world.runUntil(() => !victim.up, stage.heartbeatMs * 2 + 2000);
    victim.file.onSave = undefined;
    stage.run(prng.between(10, 1000));
    if (!victim.up) victim.boot();
    stage.until(() => victim.mode === "running", 10_000, "it comes back");
    stage.must(stage.sign(victim), "it signs with one oracle down");
    world.oracle(down).boot();
    stage.must(stage.ratchet(victim, 2), "it ratchets");
    stage.until(
      () => stage.settled(victim),
      stage.heartbeatMs * 2 + 5000,
      "the absent oracle holds a share again",
    );
    world.oracle(other).crash();
    stage.must(stage.sign(victim, "with the returned one"), "and signs");
    world.oracle(other).boot();
  },
};
