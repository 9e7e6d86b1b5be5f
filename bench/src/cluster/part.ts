import { setTimeout as sleep } from "node:timers/promises";
import type { Group } from "@ipse/protocol/group";
import { median } from "../measure/stats.ts";
import type { BenchOptions } from "../options.ts";
import type { Findings } from "../report.ts";
import { BenchCluster, type Variant } from "./bench-cluster.ts";
import { drive, type Load, type Stretch } from "./drive.ts";

const DURABLE: Variant = { name: "durable", group: "default", store: "level" };
const MEMORY: Variant = { name: "memory", group: "default", store: "memory" };
const NOBLE: Variant = { name: "noble", group: "noble", store: "level" };

/** Heartbeats are measured on their own: the idle clusters must not load the machine meanwhile. */
const SELDOM_MS = 60 * 60 * 1000;
/**
 * Oracles run for months: what V8 compiles of them while they are new is not their cost. After some 20,000 steps it has
 * compiled nearly all; noble's cluster takes fewer, but spends each in the same few loops.
 */
const WARM_UP = { ms: 64_000, quickMs: 1000 };
/** Load before each stretch: V8 shrinks the heap of a process that had nothing to do while the others were measured. */
const LEAD_MS = 1000;
/** What a stretch leaves behind (certificates, gossip) is done before the next one begins. */
const SETTLE_MS = 1000;

/**
 * Rows that the durable and the noble cluster both have, with 64 callers each. With more of them noble is so long
 * on its way from STEP to COMMIT that nonces expire (NONCE_SLOT_MS) and signing starts again.
 */
const AGAINST_NOBLE = ["agents_64", "agents_16_callers_4", "agents_8_callers_8"] as const;

interface Row {
  readonly name: string;
  readonly variant: Variant;
  readonly load: Load;
}

function rowsFor(quick: boolean): Row[] {
  const scale = quick ? 0.3 : 1;
  const ms = (normal: number): number => normal * scale;
  const many = quick ? 16 : 64;
  return [
    { name: "agents_1", variant: DURABLE, load: { agents: 1, callers: 1, ms: ms(1500) } },
    { name: "agents_1_callers_64", variant: DURABLE, load: { agents: 1, callers: 64, ms: ms(2000) } },
    { name: "agents_8", variant: DURABLE, load: { agents: 8, callers: 1, ms: ms(2000) } },
    { name: "agents_64", variant: DURABLE, load: { agents: many, callers: 1, ms: ms(3000) } },
    { name: "memory_agents_64", variant: MEMORY, load: { agents: many, callers: 1, ms: ms(3000) } },
    { name: "noble_agents_64", variant: NOBLE, load: { agents: many, callers: 1, ms: ms(5000) } },
    { name: "agents_16_callers_4", variant: DURABLE, load: { agents: 16, callers: 4, ms: ms(3000) } },
    { name: "noble_agents_16_callers_4", variant: NOBLE, load: { agents: 16, callers: 4, ms: ms(5000) } },
    { name: "agents_8_callers_8", variant: DURABLE, load: { agents: 8, callers: 8, ms: ms(3000) } },
    { name: "noble_agents_8_callers_8", variant: NOBLE, load: { agents: 8, callers: 8, ms: ms(5000) } },
  ];
}

type Rounds = ReadonlyMap<string, readonly Stretch[]>;

const pick = (rounds: Rounds, row: string, of: keyof Stretch): readonly number[] =>
  (rounds.get(row) ?? []).map((stretch) => stretch[of]);

/** The median over the rounds of a / b within each round. */
function ratio(a: readonly number[], b: readonly number[]): number {
  return median(a.map((value, round) => value / (b[round] ?? Number.NaN)));
}

function findingsOf(rows: readonly Row[], rounds: Rounds): Findings {
  const figures: Record<string, number> = {};
  for (const { name } of rows) {
    const of = (key: keyof Stretch): number => median(pick(rounds, name, key));
    figures[`cluster_${name}_signatures_per_second`] = of("signaturesPerSecond");
    figures[`cluster_${name}_steps_per_second`] = of("stepsPerSecond");
    figures[`cluster_${name}_p50_ms`] = of("p50Ms");
    figures[`cluster_${name}_p99_ms`] = of("p99Ms");
    figures[`cluster_${name}_oracle_cpu_ms_per_step`] = of("oracleCpuMsPerStep");
    figures[`cluster_${name}_oracle_cpu_ms_per_signature`] = of("oracleCpuMsPerSignature");
    figures[`cluster_${name}_agent_cpu_ms_per_step`] = of("agentCpuMsPerStep");
    figures[`cluster_${name}_refused`] = pick(rounds, name, "refused").reduce((sum, one) => sum + one, 0);
  }
  const cpu = (row: string): readonly number[] => pick(rounds, row, "oracleCpuMsPerStep");
  for (const row of AGAINST_NOBLE) {
    const of = (name: string): readonly number[] => pick(rounds, name, "oracleCpuMsPerSignature");
    figures[`oracle_vs_noble_${row}`] = ratio(of(`noble_${row}`), of(row));
  }
  const speed = (row: string): readonly number[] => pick(rounds, row, "signaturesPerSecond");
  figures["oracle_signs_per_core_second"] = 1000 / median(cpu("agents_64"));
  figures["cluster_durable_vs_noble_by_the_clock"] = ratio(speed("agents_64"), speed("noble_agents_64"));
  return {
    ratios: {
      oracle_durable_vs_noble: ratio(cpu("noble_agents_64"), cpu("agents_64")),
      oracle_durable_vs_memory: ratio(speed("agents_64"), speed("memory_agents_64")),
      coalesced_vs_single: ratio(speed("agents_1_callers_64"), speed("agents_1")),
    },
    figures,
  };
}

/** What a heartbeat with its ratchet costs: agents that do nothing else, many times as often as they would. */
async function heartbeats(group: Group, quick: boolean): Promise<Record<string, number>> {
  const cluster = new BenchCluster({ name: "beating", group: "default", store: "level" });
  try {
    await cluster.start(group, 8, { heartbeatMs: 400 });
    const stretches: Stretch[] = [];
    for (let i = 0; i < 5; i++)
      stretches.push(await drive(cluster, { agents: 8, callers: 0, ms: quick ? 600 : 3000 }));
    const of = (key: keyof Stretch): number => median(stretches.map((one) => one[key]));
    return {
      heartbeat_oracle_cpu_ms: of("oracleCpuMsPerStep"),
      heartbeat_agent_cpu_ms: of("agentCpuMsPerStep"),
    };
  } finally {
    await cluster.stop();
  }
}

/** Clusters of four real oracle processes under closed-loop load, in rounds that run every row once. */
export async function clusterPart(group: Group, { quick }: BenchOptions): Promise<Findings> {
  const rows = rowsFor(quick);
  const clusters = new Map([DURABLE, MEMORY, NOBLE].map((one) => [one, new BenchCluster(one)] as const));
  const rounds = new Map<string, Stretch[]>(rows.map(({ name }) => [name, []]));
  try {
    for (const [variant, cluster] of clusters) {
      const agents = rows.filter((row) => row.variant === variant).map(({ load }) => load.agents);
      await cluster.start(group, Math.max(...agents), { heartbeatMs: SELDOM_MS });
    }
    for (const cluster of clusters.values()) {
      await drive(cluster, {
        agents: cluster.agents.length,
        callers: 1,
        ms: quick ? WARM_UP.quickMs : WARM_UP.ms,
      });
    }
    for (let round = 0; round < 5; round++) {
      for (const { name, variant, load } of rows) {
        const cluster = clusters.get(variant);
        if (cluster === undefined) continue;
        if (load.callers > 0) await drive(cluster, { ...load, ms: quick ? 100 : LEAD_MS });
        rounds.get(name)?.push(await drive(cluster, load));
        await sleep(SETTLE_MS);
      }
    }
  } finally {
    await Promise.all([...clusters.values()].map((cluster) => cluster.stop()));
  }
  const { ratios, figures } = findingsOf(rows, rounds);
  return { ratios, figures: { ...figures, ...(await heartbeats(group, quick)) } };
}
