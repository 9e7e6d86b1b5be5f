import { statementOf } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";

/** An operator revokes at one oracle while the workload signs: after gossip nothing is signed, and status is read again before z_i. */
export const revocationRace: Scenario = {
  number: 38,
  name: "revocation-race",
  expected: ["PREV"],
  summary: "A revocation told to one oracle reaches all within gossip; after that nothing is signed.",
  script: (stage) => {
    const { victim, world, prng } = stage;
    stage.sign(victim);
    stage.facts.operatorActed = true;
    const payload = {
      kind: "instance" as const,
      instance: stage.instance,
      action: "revoke" as const,
      release: 0,
      reason: "race",
    };
    const [told = 1] = stage.someOracles(1);
    for (let i = 0; i < 3; i++) victim.submit(`racing ${i}`);
    stage.run(prng.between(0, 20));
    world.submitStatement(statementOf(world.cluster, payload, 50), [told]);
    stage.run(2500);
    const everywhere = world.oracles.every((oracle) => oracle.record(stage.instance)?.status === "revoked");
    stage.must(everywhere, "the revocation is everywhere within gossip");
    stage.must(!stage.sign(victim, "too late", 3000), "nothing is signed after it");
  },
};
