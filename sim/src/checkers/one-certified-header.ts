import { byteKey } from "@ipse/protocol";
import type { Checker } from "./checker.ts";

/** SPEC section 12: one certified header per (instance, seq). Judged on votes, before anybody assembles them. */
export const oneCertifiedHeader: Checker = {
  name: "one-certified-header",
  promise: "one certified header per (instance, seq)",
  watch: ({ world, facts, topology }) => {
    facts.onCertified.push((_instance, certified, first) => {
      if (!first) world.violate("one-certified-header", `two headers of seq ${certified.seq} are certified`);
    });
    return {
      oracleSaid: (_oracle, _packet, message) => {
        if (message.kind !== "ordered" || message.vote === undefined) return;
        const { instance, seq } = message.vote.vote;
        const votes = facts.votes.get(`${byteKey(instance)}/${seq}`);
        if (votes === undefined || votes.size < 2) return;
        const quorums = [...votes.values()].filter((voters) => voters.size >= topology.quorum).length;
        if (quorums > 1) world.violate("one-certified-header", `two headers of seq ${seq} have a quorum`);
      },
    };
  },
};
