import { GOSSIP_INTERVAL_MS } from "@ipse/protocol";
import type { Checker } from "./checker.ts";

const SLACK_MS = 1500;

/** SPEC section 12: a clone's certified steps are at most those between the fork and the victim's next contact. */
export const cloneStepsBounded: Checker = {
  name: "clone-steps-bounded",
  promise: "nothing is certified once both copies have made contact and one gossip interval has passed",
  watch: ({ world, facts }) => {
    let hardMs: number | undefined;
    facts.onCertified.push((_instance, certified) => {
      if (hardMs === undefined || world.now - hardMs <= GOSSIP_INTERVAL_MS + SLACK_MS) return;
      world.violate(
        "clone-steps-bounded",
        `seq ${certified.seq} was certified after the evidence had spread`,
      );
    });
    return {
      recordDurable: () => {
        if (facts.detectedAs === "HARD") hardMs ??= world.now;
      },
      happened: (what) => {
        // Evidence cannot spread through a cut; the clock starts again when it heals.
        if (hardMs !== undefined && (what.startsWith("cut off") || what === "network healed"))
          hardMs = world.now;
      },
    };
  },
};
