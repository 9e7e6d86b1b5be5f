import { byteKey } from "@ipse/protocol";
import type { Checker } from "./checker.ts";

/**
 * SPEC section 12: a copy that fell behind obtains no signature on any message
 * that its own copied pending step did not already hold. Every signature must
 * belong to the certified header of its seq, and its header to the one who got it.
 */
export const staleCopySignsNothing: Checker = {
  name: "stale-copy-signs-nothing",
  promise: "a copy that fell behind obtains no new signature",
  watch: ({ world, facts }) => ({
    result: (agent, _submission, outcome) => {
      if (!outcome.ok || !outcome.outcomes.some((one) => one.ok)) return;
      const instance = agent.host?.snapshot().state.memory.constants?.instance;
      if (instance === undefined) return;
      const key = byteKey(instance);
      const mine = [...facts.proposalsAt(key, outcome.seq).values()].filter(({ by }) =>
        by.includes(agent.name),
      );
      const certified = facts.certified.get(`${key}/${outcome.seq}`);
      const stands = mine.some(({ hash }) => certified === undefined || certified.has(hash));
      if (!stands && mine.length > 0)
        world.violate("stale-copy-signs-nothing", `${agent.name} got a signature on a step that lost`);
      const next = facts.certified.get(`${key}/${outcome.seq + 1}`);
      if (next === undefined) return;
      for (const { hash, atMs } of next.values()) {
        const theirs = facts.proposalsAt(key, outcome.seq + 1).get(hash);
        const foreign = theirs !== undefined && !theirs.by.includes(agent.name);
        // Shares asked for before the others' step was certified may still arrive: one network delay.
        if (foreign && world.now - atMs > 2000 && !mine.some(({ by }) => by.length > 1))
          world.violate(
            "stale-copy-signs-nothing",
            `${agent.name} signed at ${outcome.seq} after others went on`,
          );
      }
    },
  }),
};
