import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ceremonies } from "../../src/host/pool-records.ts";
import { runs } from "../group/backends.ts";
import { PoolCluster } from "../support/pool-cluster.ts";
import { wrongs } from "../support/pool-invariants.ts";

/** An oracle's process dies at one of its writes, of which some had reached the disk. */
interface Crash {
  readonly oracle: number;
  readonly atCommit: number;
  readonly kept: number;
  readonly downMs: number;
}

interface Trouble {
  readonly seed: number;
  readonly crashes: readonly Crash[];
  readonly lossPercent: number;
  readonly lossMs: number;
}

const trouble = (n: number): fc.Arbitrary<Trouble> =>
  fc.record({
    seed: fc.nat(),
    crashes: fc.array(
      fc.record({
        oracle: fc.integer({ min: 1, max: n }),
        atCommit: fc.integer({ min: 1, max: 14 }),
        kept: fc.nat(2),
        downMs: fc.constantFrom(1, 3_000, 90_000),
      }),
      { maxLength: 6 },
    ),
    lossPercent: fc.constantFrom(0, 2, 20),
    lossMs: fc.constantFrom(1_000, 100_000),
  });

/** Numbers below `length`, from a seed (Park and Miller). */
function picker(seed: number): (length: number) => number {
  let state = (seed % 2_147_483_646) + 1;
  return (length) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % length;
  };
}

function troubled(n: number, { seed, crashes, lossPercent, lossMs }: Trouble): PoolCluster {
  const pick = picker(seed);
  const cluster = new PoolCluster(n, 2, pick);
  const lost = picker(seed + 1);
  cluster.network = (packet) => (cluster.nowMs < lossMs && lost(100) < lossPercent ? [] : [packet]);
  const waiting = [...crashes];
  const written = new Map<number, number>();
  cluster.before = () => {
    for (const crash of waiting) {
      const { up, store } = cluster.member(crash.oracle);
      const commits = (written.get(crash.oracle) ?? 0) + store.commits;
      if (!up || commits < crash.atCommit) continue;
      waiting.splice(waiting.indexOf(crash), 1);
      written.set(crash.oracle, commits);
      cluster.crash(crash.oracle, crash.kept);
      cluster.later(crash.downMs, () => cluster.restart(crash.oracle));
      return;
    }
  };
  return cluster.start();
}

describe.each([
  [4, 0.4],
  [7, 0.08],
])("pools of %i oracles", (n, share) => {
  test("fill whatever is lost or crashes meanwhile, and every certified key is whole everywhere", () => {
    fc.assert(
      fc.property(trouble(n), (given) => {
        const cluster = troubled(n, given);
        const over = () =>
          cluster.filled && cluster.members.every(({ core }) => core.view.scan(ceremonies, 1).length === 0);
        cluster.run(600_000).run(3_600_000, over);
        expect(cluster.filled).toBe(true);
        expect(wrongs(cluster)).toEqual([]);
      }),
      runs(share),
    );
  });
});
