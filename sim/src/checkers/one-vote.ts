import { byteKey } from "@ipse/protocol";
import type { Checker } from "./checker.ts";

/** SPEC section 4: a correct oracle votes for one header per (instance, seq), and its counter only grows. */
export const oneVote: Checker = {
  name: "one-vote",
  promise: "a correct oracle votes once per (instance, seq)",
  watch: ({ world }) => {
    const voted = new Map<string, string>();
    return {
      oracleSaid: (oracle, _packet, message) => {
        if (message.kind !== "ordered" || message.vote === undefined || !oracle.correct) return;
        const { vote } = message.vote;
        const key = `${vote.oracle}/${vote.seq}/${byteKey(vote.instance)}`;
        const hash = byteKey(vote.headerHash);
        const known = voted.get(key);
        if (known !== undefined && known !== hash)
          world.violate("one-vote", `${oracle.name} voted for two headers of seq ${vote.seq}`);
        voted.set(key, hash);
      },
    };
  },
};
