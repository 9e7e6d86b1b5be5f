import type { Scenario } from "./scenario.ts";

/** At most b oracles come back with an old disk: a peer shows each its own newer vote, it fences itself, the rest goes on. */
export const oracleStaleDisk: Scenario = {
  number: 22,
  name: "oracle-stale-disk",
  expected: ["OK"],
  summary: "Up to b oracles are rolled back; each fences itself, the others go on.",
  script: (stage) => {
    const { victim, prng, world, topology } = stage;
    stage.sign(victim);
    const ids = stage.someOracles(1 + prng.int(topology.byzantine));
    const images = ids.map((id) => world.oracle(id).store.image());
    for (let i = 0; i < 2; i++) stage.sign(victim, `progress ${i}`);
    stage.run(1500);
    ids.forEach((id, i) => {
      world.oracle(id).rollback(images[i] ?? new Map(), prng.between(50, 500));
    });
    stage.until(
      () => ids.every((id) => world.oracle(id).node?.fenced === true),
      8000,
      "each rolled-back oracle is fenced",
    );
    const votes = (): number =>
      ids.reduce((sum, id) => sum + (world.oracle(id).node?.metrics()["vote_counter"] ?? 0), 0);
    const before = votes();
    stage.must(stage.sign(victim, "goes on"), "the rest goes on");
    stage.must(stage.ratchet(victim), "ratchets too");
    stage.must(votes() === before, "a fenced oracle never votes again");
  },
};
