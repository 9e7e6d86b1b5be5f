import { byteKey, concatBytes } from "@ipse/protocol";
import { encode } from "@ipse/protocol/encoding";
import { records } from "@ipse/protocol/session/oracle";
import { ticketTheft } from "../scenarios/39-ticket-theft.ts";
import { relayedCommit } from "../scenarios/53-relayed-commit.ts";
import type { Control } from "./control.ts";
import { poolKeyAgain, spreadEnrollments } from "./scripts.ts";
import { dropTable, operate } from "./surgery.ts";

export const bearerTicket: Control = {
  name: "bearer-ticket",
  caughtBy: "a ticket without",
  breaks: "whoever has seen a ticket can enroll with it",
  scenario: ticketTheft,
  apply: (stage) => {
    stage.broken.add("ticket-seed");
  },
};

export const shareInCommit: Control = {
  name: "z-w-inside-commit",
  caughtBy: "without z_W",
  breaks: "W sends its own signature share along with COMMIT",
  scenario: relayedCommit,
  apply: (stage) => {
    stage.broken.add("secret-z");
  },
};

export const usesPerOracle: Control = {
  name: "ticket-uses-counted-per-oracle",
  caughtBy: "keys-spent-once",
  breaks: "each oracle counts how often it saw a ticket instead of spending numbered uses",
  scenario: spreadEnrollments,
  apply: ({ world }) => {
    world.observers.push({
      recordDurable: (oracle, record) => {
        if (record.head === undefined) return;
        world.queue.after(100, () => operate(oracle, (image) => dropTable(image, records.ticketUses)));
      },
    });
  },
};

export const reclaimedPoolKey: Control = {
  name: "reclaimed-pool-key",
  caughtBy: "keys-spent-once",
  breaks: "a pool key goes back to the pool after a while",
  scenario: poolKeyAgain,
  apply: ({ world, genesis }) => {
    world.queue.after(2500, () => {
      for (const oracle of world.oracles) {
        operate(oracle, (image) => {
          dropTable(image, records.poolUses);
          for (const { keyId, shares } of genesis.spare) {
            const share = shares[oracle.id - 1];
            const key = byteKey(concatBytes(records.poolShares.prefix, keyId));
            if (share !== undefined) image.set(key, encode(records.poolShares.codec, { share }));
          }
        });
      }
    });
  },
};
