import type { Scenario } from "./scenario.ts";

/** An oracle is away far longer than anybody keeps history: it catches up from the newest ratchet. */
export const oracleAway: Scenario = {
  number: 42,
  name: "oracle-away",
  expected: ["OK"],
  summary: "An oracle returns after ten times the retention and takes its share from the next ratchet.",
  script: (stage) => {
    const { victim, world, prng } = stage;
    stage.sign(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    const [away = 1] = stage.someOracles(1);
    world.oracle(away).crash();
    stage.ratchet(victim, 2 + prng.int(3));
    for (let i = 0; i < 2; i++) stage.sign(victim, `meanwhile ${i}`);
    stage.ageBeyondRetention();
    world.oracle(away).boot();
    const version = stage.versionOf(victim);
    stage.ratchet(victim, 2);
    const caught = (): boolean =>
      world
        .oracle(away)
        .record(stage.instance)
        ?.shares.some((share) => share.version > version) === true;
    stage.until(caught, stage.heartbeatMs * 3 + 5000, "it holds a share of a new version");
    const [other = 1] = stage.someOracles(stage.topology.oracles).filter((id) => id !== away);
    world.oracle(other).crash();
    stage.must(stage.sign(victim, "with the returned one"), "it signs again");
  },
};
