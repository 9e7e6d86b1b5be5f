import { votesContradict, votesOf } from "@ipse/protocol/session";
import { SMALL } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";

/** Beyond the fault bound: b + 1 oracles rolled back together certify a second header; the certificates convict them. */
export const tooManyRollbacks: Scenario = {
  number: 23,
  name: "too-many-rollbacks",
  expected: ["HARD"],
  summary:
    "More than b oracles rolled back, unseen: one seq is certified twice, and both certificates convict the oracles.",
  setting: { topology: SMALL },
  script: (stage) => {
    for (const name of [
      "one-certified-header",
      "one-vote",
      "stale-copy-signs-nothing",
      "fork-found-in-time",
      "clone-steps-bounded",
      "no-false-suspension",
      "ratchet-held",
    ])
      stage.allowed.add(name);
    const { victim, world, prng } = stage;
    stage.sign(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    const [a = 1, b = 2, late = 3, rest = 4] = prng.shuffle([1, 2, 3, 4]);
    const clone = stage.cloneMemory(victim);
    const name = (id: number): string => `o${id}`;
    world.cut([clone.name], [1, 2, 3, 4].map(name));
    const images = [a, b].map((id) => world.oracle(id).store.image());
    world.cut([name(late)], [name(a), name(b), name(rest), victim.name]);
    stage.must(stage.sign(victim, "the real one"), "the victim's step is certified by three");
    stage.idle(victim);
    const seq = stage.seqOf(victim);
    const ours = victim.state?.phase;
    [a, b].forEach((id, i) => {
      world.oracle(id).rollback(images[i] ?? new Map(), 20);
    });
    world.oracle(rest).crash();
    stage.away.add(rest);
    victim.crash();
    stage.run(100);
    world.heal();
    stage.run(600);
    stage.until(() => clone.mode === "running", 3000, "the copy runs");
    stage.sign(clone, "the other one", 10_000);
    stage.idle(clone);
    const theirs = clone.state?.phase;
    stage.must(
      stage.facts.certified.size > 0 && stage.seqOf(clone) >= seq,
      "the copy's step is certified too",
    );
    if (ours?.kind === "live" && theirs?.kind === "live" && stage.seqOf(clone) === seq) {
      const convicted = votesOf(ours.head.qc).filter((one) =>
        votesOf(theirs.head.qc).some((other) => votesContradict(one, other)),
      );
      stage.must(
        convicted.length > stage.topology.byzantine,
        "the two certificates convict the rolled-back oracles",
      );
    }
    stage.away.delete(rest);
    world.oracle(rest).boot();
    stage.until(() => stage.hard, 8000, "the oracle that forgot nothing shows the other header");
  },
};
