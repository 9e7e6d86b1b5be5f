import { identityKidText, judgeMessage } from "@ipse/protocol/policy";
import { records } from "@ipse/protocol/session/oracle";
import type { OracleMessage } from "@ipse/protocol/wire";
import { victimFirst } from "../scenarios/03-victim-first.ts";
import { crashRestart } from "../scenarios/12-crash-restart.ts";
import { oracleStaleDisk } from "../scenarios/22-oracle-stale-disk.ts";
import { badDealing } from "../scenarios/30-bad-dealing.ts";
import { rollingUpgrade } from "../scenarios/43-rolling-upgrade.ts";
import { pendingAcrossDowntime } from "../scenarios/47-pending-across-downtime.ts";
import { voteLost } from "../scenarios/50-vote-lost.ts";
import { type AgentPacket, ISSUER, type OracleProcess, SPIFFE_ID } from "../world/index.ts";
import type { Control } from "./control.ts";
import { crashAfterVote, quorumOverlap } from "./scripts.ts";
import { operateRecord } from "./surgery.ts";

export const skippedWriteAhead: Control = {
  name: "skipped-write-ahead",
  caughtBy: "one-header",
  breaks: "W's first byte leaves before its pending step is durable (P1)",
  scenario: crashRestart,
  apply: ({ world }) => {
    world.agentHooks.push((agent) => {
      agent.file.earlyDone = true;
    });
  },
};

export const skippedP2: Control = {
  name: "skipped-p2",
  caughtBy: "one-vote",
  breaks: "a vote leaves before it is durable (P2), and two oracles crash",
  scenario: crashAfterVote,
  apply: ({ world }) => {
    for (const oracle of world.oracles) oracle.store.earlyDone = true;
  },
};

function forgetVotes(oracle: OracleProcess): void {
  oracle.interposers.push({
    ports: (options) => {
      const { store } = options;
      const { prefix } = records.castVotes;
      const isVote = (key: Uint8Array): boolean => prefix.every((byte, i) => key[i] === byte);
      const get = (key: Uint8Array): Uint8Array | undefined => (isVote(key) ? undefined : store.get(key));
      return {
        ...options,
        store: {
          get,
          scan: store.scan.bind(store),
          page: store.page.bind(store),
          commit: store.commit.bind(store),
        },
      };
    },
  });
}

export const doubleVote: Control = {
  name: "double-vote-after-restart",
  caughtBy: "one-vote",
  breaks: "an oracle forgets its open vote when it restarts",
  scenario: crashAfterVote,
  apply: ({ world }) => {
    for (const oracle of world.oracles) {
      oracle.store.taps.push({});
      forgetVotes(oracle);
    }
  },
};

export const quorumTooSmall: Control = {
  name: "quorum-too-small",
  caughtBy: "one-certified-header",
  breaks: "q = 2 of n = 3 claims b = 0, and one oracle lies",
  scenario: quorumOverlap,
  setting: { topology: { oracles: 3, quorum: 2, byzantine: 0 } },
  apply: () => undefined,
};

export const eraseBeforeCertificate: Control = {
  name: "erase-before-certificate",
  caughtBy: "no old share",
  breaks: "an oracle erases its old share as soon as it accepts a new one",
  scenario: badDealing,
  apply: ({ world }) => {
    world.observers.push({
      recordDurable: (oracle, record) => {
        if (record.shares.length < 2 || record.vote?.vote.vote.shareOk !== true) return;
        const newest = Math.max(...record.shares.map(({ version }) => version));
        world.queue.after(0, () =>
          operateRecord(oracle, record.constants.instance, (one) => ({
            ...one,
            shares: one.shares.filter(({ version }) => version === newest),
          })),
        );
      },
    });
  },
};

export const eraseOnAnyCertificate: Control = {
  name: "shares-erased-on-any-certificate",
  caughtBy: "the oracle whose votes",
  breaks: "an oracle erases old shares on a certificate that does not hold its own vote",
  scenario: voteLost,
  apply: ({ world }) => {
    world.observers.push({
      recordDurable: (oracle, record) => {
        const head = record.head?.signed.header;
        if (head === undefined || !head.ratchet) return;
        const kept = record.shares.filter(({ version }) => version >= head.shareVersion);
        if (kept.length === 0 || kept.length === record.shares.length) return;
        world.queue.after(0, () =>
          operateRecord(oracle, record.constants.instance, (one) => ({
            ...one,
            shares: one.shares.filter(({ version }) => version >= head.shareVersion),
          })),
        );
      },
    });
  },
};

export const policyBeforeVote: Control = {
  name: "policy-before-the-vote",
  caughtBy: "no-deadlock",
  breaks: "an oracle judges messages by policy and time before it votes",
  scenario: pendingAcrossDowntime,
  apply: ({ world, genesis }) => {
    for (const oracle of world.oracles) {
      oracle.interposers.push({
        onAgent: ({ message }, reply) => {
          if (message.kind !== "step") return true;
          const denied = message.body.messages
            .map((one) =>
              judgeMessage({
                message: one,
                workload: oracle.node?.workload(SPIFFE_ID),
                kid: identityKidText(genesis.identityKey),
                issuer: ISSUER,
                nowMs: oracle.clock.nowMs(),
              }),
            )
            .find((code) => code !== undefined);
          if (denied === undefined) return true;
          reply({
            kind: "refused",
            code: denied,
            message: "denied before the vote",
            retryAfterMs: 0,
            proof: undefined,
          });
          return false;
        },
      });
    }
  },
};

export const abstainAfterRestart: Control = {
  name: "abstain-after-every-restart",
  caughtBy: "no-deadlock",
  breaks: "an oracle votes on nothing that was open when it restarted",
  scenario: rollingUpgrade,
  apply: ({ world, instance }) => {
    for (const oracle of world.oracles) {
      let abstained = -1;
      oracle.interposers.push({
        started: () => {
          if (oracle.incarnation > 1)
            abstained = (oracle.record(instance)?.head?.signed.header.seq ?? -1) + 1;
        },
        onAgent: ({ message }) => message.kind !== "step" || message.signed.header.seq !== abstained,
      });
    }
  },
};

export const rolledBackVotesOn: Control = {
  name: "rolled-back-oracle-votes-on",
  caughtBy: "each rolled-back",
  breaks: "an oracle does not look at its own newer votes that peers show it",
  scenario: oracleStaleDisk,
  apply: ({ world }) => {
    world.network.manglePeer = (packet) =>
      packet.message.kind === "gossip"
        ? {
            ...packet,
            message: {
              ...packet.message,
              yourNewestVote: undefined,
              items: packet.message.items.filter(({ kind }) => kind !== "head"),
            },
          }
        : packet;
  },
};

export const signingBelowVote: Control = {
  name: "z-released-with-a-vote-above",
  caughtBy: "signing-at-head",
  breaks: "an oracle lets a signature share go although it has voted for the next step meanwhile",
  scenario: victimFirst,
  apply: ({ world }) => {
    const [oracle] = world.oracles;
    if (oracle === undefined) return;
    let held: { packet: AgentPacket; message: Extract<OracleMessage, { kind: "shares" }> } | undefined;
    oracle.interposers.push({
      onReply: (packet, message) => {
        if (message.kind === "shares") {
          held ??= { packet, message };
          return undefined;
        }
        const late = held;
        if (
          message.kind === "ordered" &&
          late !== undefined &&
          (message.vote?.vote.seq ?? 0) > late.message.seq
        )
          world.queue.after(1, () => world.tell("oracleSaid", oracle, late.packet, late.message));
        return message;
      },
    });
  },
};
