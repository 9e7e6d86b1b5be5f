import { concatBytes, utf8 } from "@ipse/protocol";
import type { OracleOptions } from "@ipse/protocol/host";
import { lyingSigner } from "../scenarios/28-lying-signer.ts";
import { rollingUpgrade } from "../scenarios/43-rolling-upgrade.ts";
import type { Stage } from "../scenarios/stage.ts";
import type { OracleProcess } from "../world/index.ts";
import type { Control } from "./control.ts";
import { batchedMessages, idleTwins } from "./scripts.ts";

const NONCE_TAG = utf8("FROST-ED25519-SHA512-v1nonce");

function isNonceInput(bytes: Uint8Array): boolean {
  return NONCE_TAG.every((byte, i) => bytes[i] === byte);
}

/** W's nonces depend on the step alone: drawn before the oracles' commitments, kept for a retry. */
export const nonceFirst: Control = {
  name: "workload-draws-nonce-first",
  caughtBy: "nonce-once",
  breaks: "W draws its nonces before the oracles' commitments are known and uses them again in a retry",
  scenario: lyingSigner,
  apply: ({ world }) => {
    world.agentHooks.push((agent) => {
      agent.group = {
        ...world.group,
        sha512: (...parts) => {
          const drawnFirst = concatBytes(...parts);
          if (!isNonceInput(drawnFirst)) return world.group.sha512(...parts);
          const at = NONCE_TAG.length;
          drawnFirst.fill(0, at, at + 32);
          drawnFirst.fill(0, at + 96, at + 160);
          return world.group.sha512(drawnFirst);
        },
      };
    });
  },
};

/** Replaces an oracle's 32-byte draws by a tape that can be wound back. */
function tape(oracle: OracleProcess, onStart: (position: number) => number): void {
  const values: Uint8Array[] = [];
  let position = 0;
  oracle.interposers.push({
    ports: (options: OracleOptions) => ({
      ...options,
      entropy: {
        random: (count) => {
          if (count !== 32) return options.entropy.random(count);
          values[position] ??= options.entropy.random(32);
          const value = values[position] ?? new Uint8Array(32);
          position++;
          return value.slice();
        },
      },
    }),
    started: () => {
      position = Math.max(0, onStart(position));
    },
  });
}

const slowHeartbeat = { heartbeatMs: 60_000 };

export const persistedOracleNonces: Control = {
  name: "persisted-oracle-nonces",
  caughtBy: "nonce-once",
  breaks: "oracles read their signing nonces back from disk after a restart",
  scenario: rollingUpgrade,
  setting: slowHeartbeat,
  apply: ({ world }) => {
    for (const oracle of world.oracles) tape(oracle, () => 0);
  },
};

export const nonceInState: Control = {
  name: "nonce-inside-machine-state",
  caughtBy: "nonce-once",
  breaks: "the nonce generator's state belongs to the machine and is rolled back with a failed persist",
  scenario: rollingUpgrade,
  setting: slowHeartbeat,
  seeds: 60,
  apply: ({ world }) => {
    for (const oracle of world.oracles) tape(oracle, (position) => position - 6);
  },
};

export const oneDrawForBatch: Control = {
  name: "one-draw-for-a-batch",
  caughtBy: "nonce-once",
  breaks: "one random draw serves every message of a step",
  scenario: batchedMessages,
  apply: ({ world }: Stage) => {
    for (const oracle of world.oracles) {
      let at = -1;
      let drawn = new Uint8Array(32);
      oracle.interposers.push({
        ports: (options) => ({
          ...options,
          entropy: {
            random: (count) => {
              if (count !== 32) return options.entropy.random(count);
              if (at !== world.now) drawn = new Uint8Array(options.entropy.random(32));
              at = world.now;
              return drawn.slice();
            },
          },
        }),
      });
    }
  },
};

export const noSalt: Control = {
  name: "no-salt-with-cloned-entropy",
  caughtBy: "the twins part",
  breaks: "oracles' answers carry no fresh salt, so that copies with one kernel state never part",
  scenario: idleTwins,
  apply: ({ world }) => {
    for (const oracle of world.oracles) {
      oracle.interposers.push({
        onReply: (_packet, message) =>
          message.kind === "ordered" || message.kind === "certAck"
            ? { ...message, salt: new Uint8Array(32) }
            : message,
      });
    }
  },
};
