import { join } from "node:path";
import { readRosterFile } from "@ipse/oracle/operator";
import type { Group } from "@ipse/protocol/group";
import { voteKeyOf } from "@ipse/protocol/registry";
import { BenchCluster } from "../cluster/bench-cluster.ts";
import { drive, type Stretch } from "../cluster/drive.ts";
import { residentMb } from "../cluster/process-cpu.ts";
import { median } from "../measure/stats.ts";
import type { BenchOptions } from "../options.ts";
import type { Findings } from "../report.ts";
import { known } from "../signing/material.ts";
import { measureHistory } from "./history.ts";
import { bytesIn, populate } from "./populate.ts";

const ORACLES = [1, 2, 3, 4];
const AGENTS = 16;
const ROUNDS = 5;
const [SMALL, MIDDLE, LARGE] = [1_000, 10_000, 100_000];

/** Bytes on disk that each added instance takes at oracle 1. */
async function add(cluster: BenchCluster, count: number): Promise<number> {
  const { roster } = readRosterFile(join(cluster.dir, "cluster", "roster.json")).roster;
  const before = bytesIn(cluster.storeDir(1));
  const dirs = ORACLES.map((oracle) => cluster.storeDir(oracle));
  await populate(dirs, known(voteKeyOf(roster, 1), "vote key"), count);
  return (bytesIn(cluster.storeDir(1)) - before) / count;
}

type Figures = Record<string, number>;

/** Restart to ready of all four oracles at once, and what one of them holds in memory then. */
async function lookAt(group: Group, cluster: BenchCluster, label: string, figures: Figures): Promise<void> {
  const from = performance.now();
  await cluster.restart(group);
  figures[`growth_${label}_restart_to_ready_s`] = (performance.now() - from) / 1000;
  figures[`growth_${label}_resident_mb_at_start`] = residentMb(known(cluster.pids[0], "oracle"));
  await cluster.stopOracles();
}

async function grow(group: Group, many: BenchCluster, scale: number, figures: Figures): Promise<void> {
  figures["growth_10k_bytes_per_instance"] = await add(many, MIDDLE / scale);
  await lookAt(group, many, "10k", figures);
  figures["growth_100k_bytes_per_instance"] = await add(many, (LARGE - MIDDLE) / scale);
  await lookAt(group, many, "100k", figures);
}

/** Oracles with many enrolled instances: disk, memory, restart, and whether a step costs the same. */
async function instances(group: Group, quick: boolean): Promise<Findings> {
  const scale = quick ? 100 : 1;
  const figures: Figures = {};
  const few = new BenchCluster({ name: "few", group: "default", store: "level" });
  const many = new BenchCluster({ name: "many", group: "default", store: "level" });
  const load = { agents: AGENTS, callers: 1, ms: quick ? 700 : 3000 };
  try {
    await few.start(group, AGENTS, {
      offline: async () => {
        figures["growth_1k_bytes_per_instance"] = await add(few, SMALL / scale);
        await lookAt(group, few, "1k", figures);
      },
    });
    await many.start(group, AGENTS, { offline: () => grow(group, many, scale, figures) });
    const rounds: { readonly few: Stretch; readonly many: Stretch }[] = [];
    for (let round = -1; round < ROUNDS; round++) {
      const both = { many: await drive(many, load), few: await drive(few, load) };
      if (round >= 0) rounds.push(both);
    }
    figures["growth_1k_steps_per_second"] = median(rounds.map((one) => one.few.stepsPerSecond));
    figures["growth_100k_steps_per_second"] = median(rounds.map((one) => one.many.stepsPerSecond));
    figures["growth_1k_resident_mb_after_load"] = residentMb(known(few.pids[0], "oracle"));
    figures["growth_100k_resident_mb_after_load"] = residentMb(known(many.pids[0], "oracle"));
    const ratio = median(rounds.map((one) => one.many.stepsPerSecond / one.few.stepsPerSecond));
    return { ratios: quick ? {} : { steps_at_100k_vs_1k: ratio }, figures };
  } finally {
    await Promise.all([few.stop(), many.stop()]);
  }
}

/** What grows: enrolled instances, and the history of one. */
export async function growthPart(group: Group, { quick }: BenchOptions): Promise<Findings> {
  const { ratios, figures } = await instances(group, quick);
  return { ratios, figures: { ...figures, ...(await measureHistory(group, quick ? 100 : 1)) } };
}
