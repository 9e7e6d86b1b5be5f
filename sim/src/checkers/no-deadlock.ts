import type { Checker } from "./checker.ts";

/**
 * SPEC section 12: with at most n - q oracles out and one honest copy, the pending
 * step certifies. Judged at the end, when the network has calmed down (the liveness phase).
 */
export const noDeadlock: Checker = {
  name: "no-deadlock",
  promise: "with at most n - q oracles out and one honest copy, every step certifies",
  watch: (stage) => ({
    ended: () => {
      const { world, topology } = stage;
      if (!stage.judgeLiveness || stage.facts.copied || stage.facts.operatorActed) return;
      const out = world.oracles.filter((one) => !one.up || !one.correct || one.node?.fenced === true).length;
      if (out > topology.oracles - topology.quorum) return;
      for (const agent of world.agents) {
        if (!agent.up || agent.copy || agent.state?.phase.kind !== "live") continue;
        if (!stage.sign(agent, "still alive", 60_000))
          world.violate("no-deadlock", `${agent.name} cannot sign any more`);
      }
    },
  }),
};
