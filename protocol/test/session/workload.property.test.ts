import fc from "fast-check";
import { expect, test } from "vitest";
import { runs, seededRandom } from "../group/backends.ts";
import { Cluster, CrashingFile, liveOf, type Running, raw } from "./workload-cluster.ts";
import { ticketOf } from "./world/cast.ts";

/** A small generator over a seed. */
function dice(seed: string) {
  const random = seededRandom(seed);
  const below = (bound: number): number => {
    const [a = 0, b = 0, c = 0] = random(3);
    return (a * 65536 + b * 256 + c) % bound;
  };
  return { below, chance: (percent: number): boolean => below(100) < percent };
}

/** Loss, duplicates, delays, reordering; cut links; restarts of oracles; crashes of the workload at saves. */
function trouble(seed: string): { cluster: Cluster; running: Running } {
  const { below, chance } = dice(`trouble/${seed}`);
  const cluster = new Cluster(`trouble/${seed}`);
  const ticket = ticketOf(cluster.cast, seed);
  const file = new CrashingFile(cluster.loop);
  cluster.network = () => {
    if (chance(10)) return [];
    const copies = chance(10) ? 2 : 1;
    return Array.from({ length: copies }, () => 1 + below(chance(5) ? 3000 : 20));
  };
  let running = cluster.workload(ticket, file);
  let cut: number | undefined;
  for (let i = 0; i < 25; i++) {
    const act = below(10);
    if (act < 4) running.host.submit([raw(`message ${i}`)], () => undefined);
    else if (act === 4) {
      if (cut !== undefined) cluster.reconnect(running, cut);
      cut = cut === undefined ? 1 + below(4) : undefined;
      if (cut !== undefined) cluster.cutOff(running, cut);
    } else if (act === 5) {
      const id = 1 + below(4);
      running.host.oracleDown(id);
      cluster.restart(id);
      if (id !== cut) running.host.oracleUp(id);
    } else if (act === 6) {
      file.crashAt = { save: file.saves + 1 + below(3), durable: chance(50) };
      cluster.loop.pass(below(15_000));
      running.stop();
      file.crashAt = undefined;
      running = cluster.workload(ticket, file);
    } else cluster.loop.pass(below(6000));
  }
  if (cut !== undefined) cluster.reconnect(running, cut);
  cluster.network = () => [1];
  return { cluster, running };
}

test("no crash, loss, duplicate, delay or restart suspends a workload, and in calm it signs and every oracle catches up", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1_000_000 }), (seed) => {
      const { cluster, running } = trouble(`${seed}`);
      cluster.loop.until(() => running.host.view.mode === "running", 60_000);
      expect(cluster.sign(running, "calm").ok).toBe(true);
      cluster.loop.pass(30_000);
      const live = liveOf(running);
      const { instance } = live.head.signed.header;
      expect(cluster.ids.map((id) => cluster.node(id).instance(instance)?.status)).toEqual(
        Array(4).fill("active"),
      );
      expect(live.lags.every(({ delta }) => delta === undefined)).toBe(true);
      expect(running.fatal).toEqual([]);
    }),
    runs(0.2),
  );
});
