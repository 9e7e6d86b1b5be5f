import type { Checker } from "./checker.ts";

/** PROTOCOL section 3, "Nonces": no commitment pair ever serves two messages or two lists; two would give the share away. */
export const nonceOnce: Checker = {
  name: "nonce-once",
  promise: "no signing nonce is used twice",
  watch: ({ world }) => {
    const used = new Map<string, string>();
    const use = (who: string, pair: string, what: string): void => {
      const known = used.get(pair);
      if (known !== undefined && known !== what)
        world.violate("nonce-once", `${who} used a nonce pair twice`);
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
          const pair = `${oracle.id}/${String.fromCharCode(...entry.hiding, ...entry.binding)}`;
          const whole = list.map((one) => String.fromCharCode(...one.hiding, ...one.binding)).join("");
          use(oracle.name, pair, `${String.fromCharCode(...asked.commit.headerHash)}/${j}/${whole}`);
        });
      },
      agentSent: (agent, _oracle, { message }) => {
        if (message.kind !== "commit") return;
        const { commit } = message;
        commit.commitmentLists.forEach((list, j) => {
          const entry = list.find(({ identifier }) => identifier === 65535);
          if (entry === undefined) return;
          const pair = `w/${String.fromCharCode(...entry.hiding, ...entry.binding)}`;
          const whole = list.map((one) => String.fromCharCode(...one.hiding, ...one.binding)).join("");
          use(agent.name, pair, `${String.fromCharCode(...commit.headerHash)}/${j}/${whole}`);
        });
      },
    };
  },
};
