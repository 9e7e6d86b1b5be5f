import { byteKey } from "@ipse/protocol";
import type { Checker } from "./checker.ts";

/** SPEC section 5: no commitment pair ever serves two messages or two lists; two would give the share away. */
export const nonceOnce: Checker = {
  name: "nonce-once",
  promise: "no signing nonce is used twice",
  watch: ({ world }) => {
    const used = new Map<string, string>();
    const use = (who: string, point: Uint8Array, what: string): void => {
      const pair = `${who}/${byteKey(point)}`;
      const known = used.get(pair);
      if (known !== undefined && known !== what) world.violate("nonce-once", `${who} used a nonce twice`);
      used.set(pair, what);
    };
    return {
      // What a participant answers with z is bound to the list it stands in; W's own entry has identifier 65535.
      oracleSaid: (oracle, { message: asked }, message) => {
        if (message.kind !== "shares" || asked.kind !== "commit") return;
        asked.commit.commitmentLists.forEach((list, j) => {
          const [result] = message.results.slice(j, j + 1);
          const entry = list.find(({ identifier }) => identifier === oracle.id);
          if (result?.kind !== "share" || entry === undefined) return;
          const whole = list.map((one) => byteKey(one.hiding) + byteKey(one.binding)).join("");
          const what = `${byteKey(asked.commit.headerHash)}/${j}/${whole}`;
          use(oracle.name, entry.hiding, what);
          use(oracle.name, entry.binding, what);
        });
      },
      agentSent: (_agent, _oracle, { message }) => {
        if (message.kind !== "commit") return;
        const { commit } = message;
        commit.commitmentLists.forEach((list, j) => {
          const entry = list.find(({ identifier }) => identifier === 65535);
          if (entry === undefined) return;
          const whole = list.map((one) => byteKey(one.hiding) + byteKey(one.binding)).join("");
          const what = `${byteKey(commit.headerHash)}/${j}/${whole}`;
          use("workload", entry.hiding, what);
          use("workload", entry.binding, what);
        });
      },
    };
  },
};
