import { byteKey } from "@ipse/protocol";
import { encode } from "@ipse/protocol/encoding";
import { chainInput, evidenceInput, type Header, headerHash } from "@ipse/protocol/session";
import { records } from "@ipse/protocol/session/oracle";
import type { AgentPacket } from "../world/index.ts";
import type { Scenario } from "./scenario.ts";

/** Steps under wrong keys, of wrong parents, with changed fields: refused, no state touched. */
export const forgedStep: Scenario = {
  number: 15,
  name: "forged-step",
  expected: ["PREV"],
  summary: "Headers forged without the chain key or without E; refused without a trace.",
  script: (stage) => {
    const { victim, world, prng, group, instance } = stage;
    world.network.captured = [];
    stage.sign(victim);
    stage.until(() => stage.settled(victim), 5000, "all oracles follow");
    const captured = world.network.captured ?? [];
    world.network.captured = undefined;
    const real = captured.findLast(({ message }) => message.kind === "step");
    const phase = victim.state?.phase;
    if (real?.message.kind !== "step" || phase?.kind !== "live")
      return stage.must(false, "a STEP was captured");
    // Its heartbeat would touch the state rightly.
    victim.crash();
    stage.run(1500);
    stage.judgeLiveness = false;
    const image = (): string =>
      world.oracles
        .map((oracle) => {
          const record = oracle.record(instance);
          return record === undefined ? "" : byteKey(encode(records.instances.codec, record));
        })
        .join("|");
    const before = image();
    const wrong = prng.bytes(32);
    const head = phase.head.signed.header;
    const next: Header = {
      ...head,
      kind: "heartbeat",
      ratchet: false,
      seq: head.seq + 1,
      parent: headerHash(head),
      nextChainKey: group.ed25519.publicKey(wrong),
    };
    const forgeries: Header[] = [
      next,
      { ...next, seq: head.seq },
      { ...next, parent: prng.bytes(32) },
      { ...next, seq: head.seq + 5 },
    ];
    let refused = 0;
    for (const header of forgeries) {
      const signed = {
        header,
        chainSignature: group.ed25519.sign(wrong, chainInput(header)),
        evidenceSignature: group.ed25519.sign(wrong, evidenceInput(header)),
      };
      const message = { ...real.message, signed, parent: phase.head };
      for (const { id } of world.oracles) {
        const packet: AgentPacket = { ...real, agent: "forger", oracle: id, message };
        world.inject(packet, "forger", (answer) => {
          if (answer.kind === "refused") refused++;
        });
      }
    }
    stage.run(20);
    stage.must(refused === forgeries.length * world.oracles.length, "every forgery is refused");
    stage.must(before === image(), "no state was touched");
    stage.must(!stage.suspended, "and nobody is suspended");
  },
};
