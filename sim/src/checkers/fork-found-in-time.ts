import { byteKey, GOSSIP_INTERVAL_MS } from "@ipse/protocol";
import type { Checker } from "./checker.ts";

/** One gossip interval with its jitter, and the way of a message and two commits. */
const SLACK_MS = 1500;

/** SPEC section 12: if both copies reach correct oracles, evidence exists within one gossip interval of the second contact. */
export const forkFoundInTime: Checker = {
  name: "fork-found-in-time",
  promise: "evidence within one gossip interval of the second contact",
  watch: ({ world, facts }) => {
    let armed = false;
    /** Time only counts while every correct oracle is up and none is cut off. */
    const calm = (): boolean =>
      world.oracles.every((one) => one.up || !one.correct) &&
      world.oracles.every((one) => world.oracles.every((other) => !world.isCut(one.name, other.name)));
    const judge = (leftMs: number, seq: number): void => {
      world.queue.after(50, () => {
        if (facts.detectedAs === "HARD") return;
        const left = calm() ? leftMs - 50 : GOSSIP_INTERVAL_MS + SLACK_MS;
        if (left > 0) return judge(left, seq);
        world.violate("fork-found-in-time", `both headers of seq ${seq} are known, and no evidence`);
      });
    };
    facts.onContact.push((instance, proposal) => {
      if (armed) return;
      const { seq, parent } = proposal.header;
      const parents = byteKey(parent);
      const rivals = [...facts.proposalsAt(instance, seq).values()].filter(
        (other) =>
          other.contactMs !== undefined &&
          other.hash !== proposal.hash &&
          byteKey(other.header.parent) === parents,
      );
      if (rivals.length === 0) return;
      armed = true;
      judge(GOSSIP_INTERVAL_MS + SLACK_MS, seq);
    });
    return {};
  },
};
