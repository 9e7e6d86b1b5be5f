import { byteKey } from "@ipse/protocol";
import { headerKey } from "../scenarios/facts.ts";
import type { Checker } from "./checker.ts";

/** SPEC section 8, R1: one process lineage never signs two headers of one seq. */
export const oneHeader: Checker = {
  name: "one-header",
  promise: "a workload never signs two headers of one seq",
  watch: ({ world }) => {
    const signed = new Map<string, string>();
    return {
      agentSent: (agent, _oracle, { message }) => {
        if (message.kind !== "step" || agent.copy) return;
        const { header } = message.signed;
        const key = `${agent.name}/${header.seq}/${byteKey(header.instance)}`;
        const hash = headerKey(header);
        const known = signed.get(key);
        if (known !== undefined && known !== hash)
          world.violate("one-header", `${agent.name} signed two headers of seq ${header.seq}`);
        signed.set(key, hash);
      },
    };
  },
};
