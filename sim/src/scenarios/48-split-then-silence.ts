import { SMALL } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";

/** Each half of the oracles votes for another header, then both copies fall silent: gossip of voted headers alone finds it. */
export const splitThenSilence: Scenario = {
  number: 48,
  name: "split-then-silence",
  expected: ["HARD"],
  summary: "Votes split 2/2 and nobody ever comes back: the oracles find the fork among themselves.",
  setting: { topology: SMALL },
  script: (stage) => {
    const { victim, world, prng } = stage;
    stage.sign(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    const clone = stage.cloneMemory(victim);
    stage.until(() => clone.mode === "running", 3000, "the copy runs");
    const left = new Set(prng.shuffle([1, 2, 3, 4]).slice(0, 2));
    world.network.toOracle.push(({ agent, oracle }) => (agent === victim.name) === left.has(oracle));
    const seq = stage.seqOf(victim) + 1;
    victim.submit("left");
    clone.submit("right");
    const voted = (): boolean =>
      world.oracles.every((oracle) => oracle.record(stage.instance)?.vote?.signed.header.seq === seq);
    world.runUntil(() => voted() || stage.hard, 3000);
    victim.crash();
    clone.crash();
    stage.until(() => stage.hard, 4000, "gossip of voted headers gives evidence");
  },
};
