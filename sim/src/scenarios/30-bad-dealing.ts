import type { Scenario } from "./scenario.ts";

/** W sends wrong A_i: the oracles vote on order without share_ok, no certificate for the ratchet, no old share is erased. */
export const badDealing: Scenario = {
  number: 30,
  name: "bad-dealing",
  expected: ["PREV"],
  summary: "A ratchet whose deltas do not fit its commitments never certifies and erases nothing.",
  script: (stage) => {
    const { victim, world, prng, topology } = stage;
    stage.sign(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    const cheated = new Set(stage.someOracles(topology.oracles - topology.quorum + 1));
    world.network.mangle = (packet) => {
      if (packet.delta === undefined || !cheated.has(packet.oracle)) return packet;
      const delta = packet.delta.slice();
      delta[0] = (delta[0] ?? 0) ^ (1 + prng.int(200));
      return { ...packet, delta };
    };
    // A heartbeat that was under way has its right deltas still.
    stage.idle(victim);
    const version = stage.versionOf(victim);
    stage.run(stage.heartbeatMs * 1.3 + 1500);
    stage.must(stage.versionOf(victim) === version, "the ratchet is not certified");
    const kept = world.oracles.every(
      (oracle) => oracle.record(stage.instance)?.shares.some((share) => share.version === version) === true,
    );
    stage.must(kept, "no old share is erased");
    stage.must(!stage.suspended, "and nobody is suspended");
    world.network.mangle = undefined;
    stage.must(stage.ratchet(victim), "with the right deltas the same step certifies");
  },
};
