import { statusInput } from "@ipse/protocol/session";
import type { Scenario } from "./scenario.ts";

/** One oracle invents a newer head in its STATUS: what does not prove itself does not count, W goes on. */
export const statusLiar: Scenario = {
  number: 45,
  name: "status-liar",
  expected: ["OK"],
  summary: "An oracle claims a head that does not exist; the starting workload is not impressed.",
  script: (stage) => {
    const { victim, world, prng, group } = stage;
    stage.sign(victim);
    const [liar = 1] = stage.someOracles(1);
    const oracle = world.oracle(liar);
    oracle.byzantine = true;
    const seed = world.cluster.voteSeeds[liar - 1] ?? new Uint8Array(32);
    oracle.interposers.push({
      onReply: (_packet, message) => {
        if (message.kind !== "status" || message.answer.head === undefined) return message;
        const { head } = message.answer;
        const header = { ...head.signed.header, seq: head.signed.header.seq + 3, parent: prng.bytes(32) };
        const answer = {
          ...message.answer,
          status: prng.pick(["active", "quarantined", "revoked"] as const),
          head: prng.chance(0.5) ? { ...head, signed: { ...head.signed, header } } : head,
          above: [{ ...head.signed, header: { ...header, seq: header.seq + 1 } }],
        };
        return { ...message, answer, signature: group.ed25519.sign(seed, statusInput(answer)) };
      },
    });
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    victim.restart(50);
    stage.until(() => victim.mode === "running", 15_000, "the workload starts in spite of the liar");
    stage.must(stage.sign(victim), "and goes on");
  },
};
