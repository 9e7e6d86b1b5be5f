import { encodeState } from "@ipse/protocol/session/workload";
import { enrollingState, makeTicket, type TicketWithSeed } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";

/** What a Byzantine oracle sees of an ENROLL is no ticket, and an old join URI is a spent one. */
export const ticketTheft: Scenario = {
  number: 39,
  name: "ticket-theft",
  expected: ["ALERT"],
  summary:
    "A thief enrolls with a ticket seen on the wire, then with an old join URI: refused, the instance untouched, an alert.",
  script: (stage) => {
    const { world, prng } = stage;
    const ticket = makeTicket(world.cluster, prng.fork("ticket"), 1);
    stage.run(300);
    const thief = (name: string, seen: TicketWithSeed, key: number) => {
      const dealt = stage.spareKey(key);
      const { state } = enrollingState(world.cluster, prng.fork(name), dealt, seen, 1);
      const agent = world.newAgent(name, true);
      agent.file.restore(encodeState(state));
      agent.boot();
      return agent;
    };
    // The ticket without its seed: the thief signs with a key of its own.
    const early = thief(
      "seen-on-the-wire",
      {
        ...ticket,
        ticketSeed: stage.broken.has("ticket-seed") ? ticket.ticketSeed : prng.bytes(32),
      },
      0,
    );
    stage.run(400);
    stage.must(early.state?.phase.kind !== "live", "a ticket without its seed enrolls nobody");
    const owner = stage.enroll(ticket, stage.spareKey(1), 1, "owner");
    stage.until(() => owner.mode === "running", 10_000, "the owner enrolls");
    const late = thief("old-join-uri", ticket, 2);
    stage.run(1500);
    stage.must(late.state?.phase.kind !== "live", "a spent ticket enrolls nobody");
    stage.must(stage.facts.alerts.includes("ticket.used-again"), "the oracles raise an alert");
    stage.must(stage.sign(owner), "the enrolled instance is not touched");
    stage.must(!stage.suspended, "nor suspended");
  },
};
