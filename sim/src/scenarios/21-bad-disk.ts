import type { Scenario } from "./scenario.ts";

/** W's disk is full, tears a write or lies about fsync: W fails closed. */
export const badDisk: Scenario = {
  number: 21,
  name: "bad-disk",
  expected: ["OK", "SOFT"],
  summary:
    "Disk full, torn write, lying fsync at the workload: it stops, or finds itself behind; never a second header.",
  script: (stage) => {
    const { victim, prng } = stage;
    stage.sign(victim);
    const fault = prng.pick(["full", "torn", "lying"] as const);
    if (fault === "full") {
      victim.file.faults.full = true;
      stage.must(!stage.sign(victim, "no room", 2000), "nothing leaves that was not written");
      stage.must(!victim.up, "a failed save ends the process");
      victim.file.faults.full = false;
      victim.boot();
      return stage.must(stage.sign(victim), "with room again it goes on");
    }
    if (fault === "torn") {
      victim.file.onSave = () => "lose";
      stage.sign(victim, "torn", 1000);
      victim.file.onSave = undefined;
      victim.boot();
      return stage.must(stage.sign(victim), "the old file is whole, it goes on");
    }
    victim.file.faults.lyingFsync = true;
    for (let i = 0; i <= prng.int(3); i++) stage.sign(victim, `believed durable ${i}`);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    stage.facts.copied = true;
    victim.crash();
    victim.file.faults.lyingFsync = false;
    stage.expect("SOFT");
    victim.boot();
    stage.until(() => stage.suspended, 8000, "safe start finds what the disk forgot");
    stage.run(500);
    stage.must(!stage.hard, "but signs nothing of its own");
  },
};
