import { byteKey } from "@ipse/protocol";
import type { Checker } from "./checker.ts";

/** SPEC section 3: a pool key and a ticket use serve one certified instance at most; never more instances than uses. */
export const keysSpentOnce: Checker = {
  name: "keys-spent-once",
  promise: "a pool key and a ticket use belong to one instance at most",
  watch: ({ world }) => {
    const poolKeys = new Map<string, string>();
    const uses = new Map<string, string>();
    const counts = new Map<string, Set<string>>();
    const known = new Set<string>();
    return {
      recordDurable: (oracle, record) => {
        if (record.head === undefined) return;
        const instance = byteKey(record.constants.instance);
        if (known.has(instance)) return;
        known.add(instance);
        const body = oracle.node?.enrollment(record.constants.instance)?.body;
        if (body === undefined) return;
        const poolKey = `${byteKey(body.poolKey.ceremony)}/${body.poolKey.index}`;
        const ticket = byteKey(body.ticket.ticket.id);
        if (poolKeys.has(poolKey)) world.violate("keys-spent-once", "one pool key serves two instances");
        if (uses.has(`${ticket}/${body.use}`))
          world.violate("keys-spent-once", "one ticket use serves two instances");
        poolKeys.set(poolKey, instance);
        uses.set(`${ticket}/${body.use}`, instance);
        const all = counts.get(ticket) ?? new Set();
        all.add(instance);
        counts.set(ticket, all);
        if (all.size > body.ticket.ticket.uses)
          world.violate("keys-spent-once", `${all.size} instances on a ticket of ${body.ticket.ticket.uses}`);
      },
    };
  },
};
