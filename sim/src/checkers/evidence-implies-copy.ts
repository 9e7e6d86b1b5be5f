import { byteKey } from "@ipse/protocol";
import { verifyEvidence } from "@ipse/protocol/session";
import type { Checker } from "./checker.ts";

/** SPEC section 12: valid fork evidence or a suspension implies that state was copied or restored. */
export const evidenceImpliesCopy: Checker = {
  name: "evidence-implies-copy",
  promise: "valid fork evidence implies that state was copied or restored, and verifies for a stranger",
  watch: ({ world, facts }) => {
    const seen = new Set<string>();
    return {
      recordDurable: (oracle, record) => {
        if (record.status !== "revoked" || !oracle.correct) return;
        const { instance } = record.constants;
        const key = `${oracle.id}/${byteKey(instance)}`;
        if (seen.has(key)) return;
        const evidence = oracle.node?.evidence(instance);
        if (evidence === undefined) return;
        seen.add(key);
        if (!facts.copied)
          world.violate("evidence-implies-copy", `${oracle.name} holds evidence, nothing was copied`);
        if (seen.size > 1) return;
        try {
          verifyEvidence(world.group, world.agentRoster, evidence);
        } catch (error) {
          world.violate("evidence-implies-copy", `evidence does not verify: ${String(error)}`);
        }
      },
    };
  },
};
