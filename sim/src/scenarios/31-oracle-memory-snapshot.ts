import { byteKey } from "@ipse/protocol";
import type { AgentPacket } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";

/** An oracle is taken back between the rounds: its boot id and one-use slots refuse what the other life promised. */
export const oracleMemorySnapshot: Scenario = {
  number: 31,
  name: "oracle-memory-snapshot",
  expected: ["PREV"],
  summary: "COMMITs for slots of an earlier life, and COMMITs sent twice, get no signature share.",
  script: (stage) => {
    const { victim, world } = stage;
    stage.sign(victim);
    const commits: AgentPacket[] = [];
    let hold = true;
    world.network.toOracle.push((packet) => {
      if (packet.message.kind !== "commit" || packet.agent !== victim.name) return true;
      if (hold) commits.push(packet);
      return !hold;
    });
    const asked = victim.submit("between rounds");
    stage.until(() => commits.length >= stage.topology.quorum, 5000, "COMMITs are on their way");
    const [first, ...others] = commits;
    if (first === undefined) return;
    world.oracle(first.oracle).restart(50);
    stage.run(1500);
    /** Different answers only: the same COMMIT may be answered again with the same bytes. */
    const shares = new Set<string>();
    const count = (packet: AgentPacket): void =>
      world.inject(packet, "replayer", (answer) => {
        if (answer.kind !== "shares") return;
        for (const result of answer.results) if (result.kind === "share") shares.add(byteKey(result.z));
      });
    count(first);
    stage.run(20);
    stage.must(shares.size === 0, "the new life refuses the old life's slot");
    for (const packet of others) {
      const before = shares.size;
      count(packet);
      count(packet);
      stage.run(20);
      stage.must(shares.size - before <= 1, "a slot serves one answer at most");
    }
    hold = false;
    stage.until(() => asked.outcome !== undefined, 20_000, "with fresh slots it is signed");
    stage.must(asked.outcome?.ok === true, "signed in the end");
  },
};
