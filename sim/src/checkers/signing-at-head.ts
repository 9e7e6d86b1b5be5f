import { byteKey } from "@ipse/protocol";
import type { Checker } from "./checker.ts";

/** SPEC section 5: a correct oracle releases z_i only at its head and with no vote of its own above it. */
export const signingAtHead: Checker = {
  name: "signing-at-head",
  promise: "no signature share leaves below a vote",
  watch: ({ world }) => {
    const highest = new Map<string, number>();
    return {
      oracleSaid: (oracle, _packet, message) => {
        if (!oracle.correct) return;
        if (message.kind === "ordered" && message.vote !== undefined) {
          const { instance, seq } = message.vote.vote;
          const key = `${oracle.id}/${byteKey(instance)}`;
          highest.set(key, Math.max(highest.get(key) ?? 0, seq));
        }
        if (message.kind !== "shares" || message.results.every(({ kind }) => kind !== "share")) return;
        const top = highest.get(`${oracle.id}/${byteKey(message.instance)}`) ?? 0;
        if (top > message.seq)
          world.violate("signing-at-head", `${oracle.name} signed seq ${message.seq} after voting ${top}`);
      },
    };
  },
};
