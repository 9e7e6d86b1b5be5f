import { byteKey } from "@ipse/protocol";
import { headerHash, statusInput } from "@ipse/protocol/session";
import { cloneFirst } from "../scenarios/02-clone-first.ts";
import { victimFirst } from "../scenarios/03-victim-first.ts";
import { cloneBurst } from "../scenarios/05-clone-burst.ts";
import { frameUp } from "../scenarios/35-frame-up.ts";
import { splitThenSilence } from "../scenarios/48-split-then-silence.ts";
import type { Stage } from "../scenarios/stage.ts";
import type { AgentPacket, OracleProcess } from "../world/index.ts";
import type { Control } from "./control.ts";
import { forgottenStep } from "./scripts.ts";
import { operateRecord } from "./surgery.ts";

/** Whether a STEP contradicts what an oracle holds at its seq. */
function conflicts(oracle: OracleProcess, { message }: AgentPacket): boolean {
  if (message.kind !== "step") return false;
  const { header } = message.signed;
  const record = oracle.record(header.instance);
  const held = [
    record?.vote?.signed,
    record?.head?.signed,
    ...(record?.undecided ?? []).map((one) => one.signed),
  ];
  const past = oracle.node?.history(header.instance, 64) ?? [];
  const hash = byteKey(headerHash(header));
  return [...held, ...past.map((one) => one.signed)].some(
    (one) => one !== undefined && one.header.seq === header.seq && byteKey(headerHash(one.header)) !== hash,
  );
}

function blind({ world }: Stage, untilMs: (firstMs: number) => number): void {
  let firstMs: number | undefined;
  for (const oracle of world.oracles) {
    oracle.interposers.push({
      onAgent: (packet) => {
        if (!conflicts(oracle, packet)) return true;
        firstMs ??= world.now;
        return world.now > untilMs(firstMs);
      },
    });
  }
  headsOnly(world.network);
}

function headsOnly(network: Stage["world"]["network"]): void {
  network.manglePeer = (packet) => {
    const { message } = packet;
    if (message.kind !== "gossip") return packet;
    return {
      ...packet,
      message: {
        ...message,
        items: message.items.filter(({ kind }) => kind !== "undecided" && kind !== "open"),
      },
    };
  };
}

export const detectorOff: Control = {
  name: "detector-switched-off",
  caughtBy: "fork-found-in-time",
  breaks: "oracles ignore every header that contradicts what they hold",
  scenario: cloneFirst,
  apply: (stage) => blind(stage, () => Number.POSITIVE_INFINITY),
};

export const timeBasedGrace: Control = {
  name: "time-based-grace",
  caughtBy: "fork-found-in-time",
  breaks: "a contradicting header within ten seconds counts as a replay",
  scenario: victimFirst,
  apply: (stage) => blind(stage, (firstMs) => firstMs + 10_000),
};

export const headsOnlyGossip: Control = {
  name: "gossip-of-heads-only",
  caughtBy: "fork-found-in-time",
  breaks: "oracles gossip certified heads, not the undecided headers they voted for",
  scenario: splitThenSilence,
  apply: ({ world }) => headsOnly(world.network),
};

export const countOnlyRetention: Control = {
  name: "count-only-retention",
  caughtBy: "the victim's heartbeat",
  breaks: "history is pruned by count alone, so that a burst of steps pushes the fork out of it",
  scenario: cloneBurst,
  apply: ({ world }) => {
    world.observers.push({
      recordDurable: (oracle, record) => {
        const seq = record.head?.signed.header.seq ?? 0;
        if (seq - record.prunedBelow <= 1) return;
        world.queue.after(0, () => {
          const now = oracle.record(record.constants.instance)?.head?.signed.header.seq ?? 0;
          if (now !== seq) return;
          operateRecord(oracle, record.constants.instance, (one) => ({ ...one, prunedBelow: seq }));
        });
      },
    });
  },
};

export const statusWithoutVoted: Control = {
  name: "status-without-voted-headers",
  caughtBy: "one-header",
  breaks: "STATUS shows the certified head alone, so that safe start cannot see a step that was only voted",
  scenario: forgottenStep,
  apply: ({ world, group }) => {
    for (const oracle of world.oracles) {
      const seed = world.cluster.voteSeeds[oracle.id - 1] ?? new Uint8Array(32);
      oracle.interposers.push({
        onReply: (_packet, message) => {
          if (message.kind !== "status") return message;
          const answer = { ...message.answer, above: [] };
          return { ...message, answer, signature: group.ed25519.sign(seed, statusInput(answer)) };
        },
      });
    }
  },
};

export const evidenceOwnRoster: Control = {
  name: "evidence-against-its-own-roster",
  caughtBy: "evidence of a made-up",
  breaks: "evidence is checked against the roster it brings along",
  scenario: frameUp,
  apply: (stage) => {
    stage.broken.add("pinned-roster");
  },
};
