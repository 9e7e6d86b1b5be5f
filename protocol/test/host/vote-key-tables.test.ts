import { expect, test } from "vitest";
import { createOracle } from "../../src/host/index.ts";
import { rosterHash, rosterSigningInput } from "../../src/registry/roster.ts";
import { seededRandom } from "../group/backends.ts";
import { Loop, MemoryStore } from "../session/workload-cluster.ts";
import { castOf, group, START_MS } from "../session/world/cast.ts";

test("an oracle prepares for the vote keys of all its rosters, the newest roster's first", () => {
  const cast = castOf(4, 3, 1);
  const random = seededRandom("vote-key-tables");
  const seeds = cast.voteSeeds.map((seed, i) => (i === 3 ? random(32) : seed));
  const roster = {
    ...cast.roster,
    serial: 2,
    previous: rosterHash(cast.roster),
    oracles: seeds.map((seed, i) => ({ id: i + 1, voteKey: group.ed25519.publicKey(seed) })),
  };
  const signature = group.ed25519.sign(cast.operatorSeed, rosterSigningInput(roster));
  const publicKey = group.ed25519.publicKey(cast.operatorSeed);
  const prepared: Uint8Array[] = [];
  const loop = new Loop();
  createOracle(
    {
      group: { ...group, ed25519: { ...group.ed25519, prepare: (keys) => prepared.push(...keys) } },
      oracle: 1,
      voteSeed: seeds[0] ?? random(32),
      rosters: [cast.signedRoster, { roster, signatures: [{ publicKey, signature }] }],
      clock: { nowMs: () => START_MS, monotonicMs: () => 0 },
      entropy: { random },
      timers: { after: (delayMs, fire) => loop.after(delayMs, fire) },
      store: new MemoryStore(loop),
      peers: { send: () => true },
      events: () => undefined,
    },
    (error) => {
      throw error;
    },
  );
  expect(prepared).toEqual([...roster.oracles, ...cast.roster.oracles].map(({ voteKey }) => voteKey));
});
