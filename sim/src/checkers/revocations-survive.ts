import { byteKey } from "@ipse/protocol";
import type { Checker } from "./checker.ts";

/** SPEC section 12: revocations held by one correct oracle survive, restarts and restores included. */
export const revocationsSurvive: Checker = {
  name: "revocations-survive",
  promise: "a revocation held by one correct oracle is for ever, and reaches every correct oracle",
  watch: ({ world, away }) => {
    const revoked = new Set<string>();
    const instances = new Map<string, Uint8Array>();
    return {
      recordDurable: (oracle, record) => {
        if (!oracle.correct) return;
        const instance = byteKey(record.constants.instance);
        const key = `${oracle.id}/${instance}`;
        if (record.status === "revoked") {
          revoked.add(key);
          instances.set(instance, record.constants.instance);
        } else if (revoked.has(key))
          world.violate("revocations-survive", `${oracle.name} forgot a revocation`);
      },
      ended: () => {
        for (const instance of instances.values()) {
          for (const oracle of world.oracles) {
            if (!oracle.up || !oracle.correct || away.has(oracle.id)) continue;
            const status = oracle.record(instance)?.status;
            if (status !== "revoked" && status !== undefined)
              world.violate("revocations-survive", `${oracle.name} never learned of a revocation`);
          }
        }
      },
    };
  },
};
