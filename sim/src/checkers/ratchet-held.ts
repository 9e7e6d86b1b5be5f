import { byteKey } from "@ipse/protocol";
import type { Checker } from "./checker.ts";

/** SPEC section 12: no RATCHET QC without q - b correct oracles holding their new share. */
export const ratchetHeld: Checker = {
  name: "ratchet-held",
  promise: "no ratchet is certified without q - b correct oracles that durably hold their new share",
  watch: ({ world, topology, facts }) => {
    /** instance/version -> oracles that were seen holding it on disk. */
    const held = new Map<string, Set<number>>();
    const judged = new Set<string>();
    const note = (key: string, oracle: number): Set<number> => {
      let set = held.get(key);
      if (set === undefined) {
        set = new Set();
        held.set(key, set);
      }
      set.add(oracle);
      return set;
    };
    return {
      recordDurable: (oracle, record) => {
        const instance = byteKey(record.constants.instance);
        for (const { version } of record.shares) note(`${instance}/${version}`, oracle.id);
        const header = record.head?.signed.header;
        if (header === undefined || !header.ratchet || !facts.votes.has(`${instance}/${header.seq}`)) return;
        const key = `${instance}/${header.shareVersion}`;
        if (judged.has(key)) return;
        judged.add(key);
        const faulty = world.oracles.filter((one) => !one.correct).length;
        if (faulty > topology.byzantine) return;
        const count = [...(held.get(key) ?? [])].filter((id) => world.oracle(id).correct).length;
        if (count < topology.quorum - topology.byzantine)
          world.violate(
            "ratchet-held",
            `share version ${header.shareVersion} is certified, ${count} correct oracles hold it`,
          );
      },
    };
  },
};
