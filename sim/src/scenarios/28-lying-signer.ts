import type { Scenario } from "./scenario.ts";

/** An oracle withholds its signature share or sends a wrong one: it is named or passed over, and the message is signed. */
export const lyingSigner: Scenario = {
  number: 28,
  name: "lying-signer",
  expected: ["OK"],
  summary: "Up to b oracles withhold or falsify signature shares; liars are named, every message is signed.",
  script: (stage) => {
    const { victim, world, prng, topology } = stage;
    const lies = prng.chance(0.5);
    const liars = stage.someOracles(topology.byzantine);
    const named = new Set<number>();
    let lied = 0;
    for (const id of liars) {
      const oracle = world.oracle(id);
      oracle.byzantine = true;
      oracle.interposers.push({
        onReply: (_packet, message) => {
          if (message.kind !== "shares") return message;
          lied++;
          if (!lies) return undefined;
          const results = message.results.map((result) =>
            result.kind === "share" ? { ...result, z: bend(result.z, liars.indexOf(id)) } : result,
          );
          return { ...message, results };
        },
      });
    }
    world.observers.push({
      agentEvent: (_agent, event) => {
        if (event.event === "signing.culprit") named.add(Number(event["oracle"]));
      },
    });
    for (let i = 0; i < 3; i++) stage.must(stage.sign(victim, `message ${i}`), "signed in spite of the liar");
    if (lies && lied > 0) stage.must(named.size > 0, "a liar is named");
    stage.must(
      [...named].every((id) => liars.includes(id)),
      "only liars are named",
    );
  },
};

/** Another valid scalar: one bit of the value is turned, each liar's own, or two lies could cancel in the sum. */
function bend(z: Uint8Array, bit: number): Uint8Array {
  const out = z.slice();
  out[0] = (out[0] ?? 0) ^ (1 << bit);
  return out;
}
