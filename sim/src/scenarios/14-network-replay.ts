import type { Scenario } from "./scenario.ts";

/** Everything ever captured is sent again, to every oracle, on the attacker's own connections, now and later. */
export const networkReplay: Scenario = {
  number: 14,
  name: "network-replay",
  expected: ["IDEM"],
  summary: "Every captured frame is replayed to every oracle, across sessions, restarts and time.",
  script: (stage) => {
    const { world, prng } = stage;
    world.network.captured = [];
    const { victim } = stage;
    stage.sign(victim);
    stage.ratchet(victim);
    const replayAll = (): void => {
      for (const packet of world.network.captured ?? []) {
        for (const { id } of world.oracles) {
          if (!prng.chance(0.7)) continue;
          world.inject({ ...packet, oracle: id, agent: "replayer" }, `replayer/${id}/0`, () => undefined);
        }
      }
    };
    replayAll();
    stage.run(50);
    stage.must(stage.sign(victim, "between replays"), "the victim is not disturbed");
    for (const id of stage.someOracles(1)) world.oracle(id).restart(100);
    stage.run(prng.between(1000, 3000));
    replayAll();
    stage.run(1200);
    world.network.captured = undefined;
    stage.must(!stage.suspended, "a replay is never evidence");
  },
};
