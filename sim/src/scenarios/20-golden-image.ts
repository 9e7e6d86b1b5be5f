import type { Scenario } from "./scenario.ts";

/** An enrolled machine became a template by mistake, and copies are started from it. */
export const goldenImage: Scenario = {
  number: 20,
  name: "golden-image",
  expected: ["HARD", "SOFT"],
  summary:
    "Copies of an enrolled image are autoscaled: evidence where they act at once, a suspension where safe start finds one behind.",
  script: (stage) => {
    const { victim, prng } = stage;
    stage.sign(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    victim.crash();
    const copies = Array.from({ length: 2 + prng.int(3) }, () => stage.cloneDisk(victim));
    const [first, second] = copies;
    if (first === undefined || second === undefined) return;
    if (prng.chance(0.5)) {
      stage.expect("HARD");
      const safe = prng.chance(0.5);
      for (const copy of copies) {
        if (safe) copy.boot();
        else copy.bootWithoutSafeStart();
        copy.submit("scaled");
      }
      stage.until(() => stage.suspended, 8000, "copies that act at once meet one seq");
      // With safe start the slower one may see the other's step before it makes its own: then it says so itself.
      if (safe && !stage.hard) stage.run(1500);
      if (safe && !stage.hard) stage.expect("SOFT");
      return;
    }
    stage.expect("SOFT");
    first.boot();
    stage.must(stage.sign(first), "the first copy goes on");
    stage.until(() => stage.settled(first), 5000, "all oracles follow it");
    second.boot();
    stage.until(() => stage.suspended, 5000, "safe start finds the second behind");
    stage.run(100);
  },
};
