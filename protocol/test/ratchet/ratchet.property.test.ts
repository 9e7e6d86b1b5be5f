import fc from "fast-check";
import { expect, test } from "vitest";
import { WORKLOAD_IDENTIFIER } from "../../src/frost/index.ts";
import type { Scalar } from "../../src/group/index.ts";
import { nodeVerify, runs } from "../group/backends.ts";
import { newHolders, ratchet, sign } from "./holders.ts";

const message = new TextEncoder().encode("message");
const everyone = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

/** n, t, and for each of up to six ratchets the oracles it reaches. */
const history = fc
  .integer({ min: 2, max: 6 })
  .chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 2, max: n })))
  .chain(([n, t]) =>
    fc.record({
      n: fc.constant(n),
      t: fc.constant(t),
      reached: fc.array(fc.subarray(everyone(n)), { minLength: 1, maxLength: 6 }),
      seed: fc.string(),
    }),
  );

test("the public key stays and signs after any ratchets; whoever was away catches up at once", () => {
  fc.assert(
    fc.property(history, ({ n, t, reached, seed }) => {
      let holders = newHolders(n, t, seed);
      for (const [i, present] of reached.entries()) holders = ratchet(holders, present, `${seed}/${i}`);
      const latest = reached.at(-1) ?? [];
      if (latest.length >= t) {
        expect(
          nodeVerify(holders.key.groupPublicKey, message, sign(holders.key, latest, message, seed)),
        ).toBe(true);
      }
      holders = ratchet(holders, everyone(n), `${seed}/all`);
      const signature = sign(holders.key, everyone(n).slice(-t), message, seed);
      expect(nodeVerify(holders.key.groupPublicKey, message, signature)).toBe(true);
    }),
    runs(0.5),
  );
});

test("shares of different versions never sign together, and the stale ones are named", () => {
  fc.assert(
    fc.property(history, fc.nat(), ({ n, t, seed }, pick) => {
      const old = newHolders(n, t, seed).key;
      const fresh = ratchet(newHolders(n, t, seed), everyone(n), `${seed}/1`).key;
      const signers = everyone(n).slice(0, t);
      // At least one signer is stale and at least one is not, the workload being the last.
      const mask = 1 + (pick % (2 ** (t + 1) - 2));
      const stale = [...signers, WORKLOAD_IDENTIFIER].filter((_, i) => (mask >> i) & 1);
      const shares = new Map(fresh.shares);
      for (const id of stale) if (id !== WORKLOAD_IDENTIFIER) shares.set(id, old.shares.get(id) as Scalar);
      const workloadShare = stale.includes(WORKLOAD_IDENTIFIER) ? old.workloadShare : fresh.workloadShare;
      expect(() => sign({ ...fresh, shares, workloadShare }, signers, message, seed)).toThrow(
        expect.objectContaining({ code: "ERR_FROST_SHARE", culprits: stale }),
      );
    }),
    runs(0.5),
  );
});
