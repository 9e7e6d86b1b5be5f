import type { AgentPacket } from "../world/index.ts";
import { restoreOld } from "./17-restore-after-progress.ts";
import type { Scenario } from "./scenario.ts";

/** A stale notice is kept and sent again after an operator's release: it names the old release number and is void. */
export const staleNoticeReplay: Scenario = {
  number: 46,
  name: "stale-notice-replay",
  expected: ["OK"],
  summary: "After a release the old stale notice is replayed to every oracle; it suspends nobody again.",
  script: (stage) => {
    const { world, facts } = stage;
    const notices: AgentPacket[] = [];
    world.network.toOracle.push((packet) => {
      if (packet.message.kind === "stale") notices.push(packet);
      return true;
    });
    restoreOld(stage, true);
    stage.until(() => stage.suspended, 5000, "the old copy reports itself stale");
    stage.run(2000);
    const newest = stage.victim.file.image();
    stage.operator("release", 1);
    stage.run(2500);
    facts.detectedAs = undefined;
    facts.detectedMs = undefined;
    const active = (): boolean =>
      world.oracles.every((oracle) => oracle.record(stage.instance)?.status === "active");
    stage.must(active(), "the release is everywhere");
    stage.must(notices.length > 0, "a notice was captured");
    for (const packet of notices) {
      for (const { id } of world.oracles)
        world.inject({ ...packet, oracle: id }, "replayer", () => undefined);
    }
    stage.run(2000);
    stage.must(active(), "the old notice suspends nobody");
    const head = world.newAgent("head");
    head.file.restore(newest);
    head.boot();
    stage.must(stage.sign(head), "the copy at the head goes on");
  },
};
