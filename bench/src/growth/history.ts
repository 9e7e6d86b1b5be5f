import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  GroupCommitStore,
  type LevelStore,
  levelBackend,
  openDatabase,
  openLevelStore,
} from "@ipse/oracle/store";
import type { Group } from "@ipse/protocol/group";
import { ownCpuMs } from "../cluster/process-cpu.ts";
import { median } from "../measure/stats.ts";
import { Chain, firstRows, LoneOracle, makeCast } from "./lone-oracle.ts";
import { bytesIn } from "./populate.ts";

const LENGTHS = [
  ["10", 10],
  ["1k", 1_000],
  ["10k", 10_000],
  ["100k", 100_000],
] as const;
/** Signed steps of one measurement, and how many measurements are taken. */
const STEPS = 20;
const ROUNDS = 5;

const fatal = (error: Error): never => {
  throw error;
};

/** The level store without its fsync: for the steps that are only to have been. */
async function openHasty(dir: string): Promise<LevelStore> {
  const db = await openDatabase(dir);
  return { store: new GroupCommitStore(levelBackend(db, false), [], fatal), close: () => db.close() };
}

/**
 * One instance's history, from 10 steps to 100,000: what a signed step costs the oracle's host and store, and how
 * much stays on the disk. The oracle is real and alone in the bench's process; its driver holds the keys of the
 * workload and of the other oracles. The steps in between are heartbeats, a virtual minute apart, not fsynced; those
 * that are measured sign, and are durable.
 */
export async function measureHistory(group: Group, scale: number): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  const dir = mkdtempSync(join(tmpdir(), "ipse-bench-history-"));
  const cast = makeCast(group);
  const owner = group.ed25519.publicKey(cast.voteSeeds[0] ?? new Uint8Array(32));
  const chain = new Chain(cast);
  const costs: number[] = [];
  try {
    const first = await openLevelStore({ dir, owner, fatal });
    await new Promise((resolve) => first.store.commit(firstRows(cast, chain.head), resolve));
    await first.close();
    let elapsedMs = 0;
    for (const [name, length] of LENGTHS) {
      const past = new LoneOracle(cast, await openHasty(dir), elapsedMs);
      while (chain.head.signed.header.seq < length / scale) await past.beat(chain);
      elapsedMs = past.elapsedMs;
      await past.close();
      const oracle = new LoneOracle(cast, await openLevelStore({ dir, owner, fatal }), elapsedMs);
      const cost = await costOf(oracle, chain);
      elapsedMs = oracle.elapsedMs;
      figures[`history_${name}_host_cpu_ms_per_step`] = cost;
      figures[`history_${name}_kept_steps`] = await oracle.historyRows();
      await oracle.close();
      figures[`history_${name}_store_kb`] = bytesIn(dir) / 1024;
      costs.push(cost);
    }
    figures["history_step_cost_100k_vs_10"] = (costs.at(-1) ?? Number.NaN) / (costs[0] ?? Number.NaN);
    return figures;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** CPU time of a signed step, the driver's part included: the median of several stretches after a warm-up. */
async function costOf(oracle: LoneOracle, chain: Chain): Promise<number> {
  const costs: number[] = [];
  for (let round = -2; round < ROUNDS; round++) {
    const from = ownCpuMs();
    for (let i = 0; i < STEPS; i++) await oracle.sign(chain);
    if (round >= 0) costs.push((ownCpuMs() - from) / STEPS);
  }
  return median(costs);
}
