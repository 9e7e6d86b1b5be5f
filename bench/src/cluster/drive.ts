import { createPublicKey, type KeyObject, randomBytes, verify } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { quantile } from "../measure/stats.ts";
import { expectTrue } from "../signing/material.ts";
import type { BenchCluster } from "./bench-cluster.ts";
import { cpuMsOf, ownCpuMs } from "./process-cpu.ts";

/** What one stretch of load came to. */
export interface Stretch {
  readonly signaturesPerSecond: number;
  readonly stepsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of one oracle process, for one step and for one signature, and of the agent. */
  readonly oracleCpuMsPerStep: number;
  readonly oracleCpuMsPerSignature: number;
  readonly agentCpuMsPerStep: number;
  /** What agents were refused, and had to ask for again. */
  readonly refused: number;
}

interface Signed {
  readonly key: KeyObject;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Load {
  readonly agents: number;
  /** Callers at each agent; each asks for its next signature when it has the last. 0: heartbeats alone. */
  readonly callers: number;
  readonly ms: number;
}

const CHECKED_MAX = 200;

/** Signs in closed loops for a while, on the clock; afterwards verifies signatures with node:crypto. */
export async function drive(cluster: BenchCluster, { agents, callers, ms }: Load): Promise<Stretch> {
  const chosen = cluster.agents.slice(0, agents);
  const keys = chosen.map((agent) => createPublicKey(agent.identity().pem));
  const seqs = (): number => chosen.reduce((sum, agent) => sum + (agent.status().seq ?? 0), 0);
  const latencies: number[] = [];
  const checked: Signed[] = [];
  const from = performance.now();
  const before = { seq: seqs(), oracles: cpuMsOf(cluster.pids), own: ownCpuMs(), refused: cluster.refused };
  const loop = async (at: number): Promise<void> => {
    const [agent, key] = [chosen[at], keys[at]];
    while (agent !== undefined && key !== undefined && performance.now() - from < ms) {
      // Text: random bytes may look like a typed message now and then, which raw must not be.
      const payload = Buffer.from(`a message to sign, ${randomBytes(56).toString("hex")}`);
      const sent = performance.now();
      const { signature } = await agent.sign("raw", payload);
      latencies.push(performance.now() - sent);
      if (checked.length < CHECKED_MAX) checked.push({ key, payload, signature });
    }
  };
  if (callers === 0) await sleep(ms);
  await Promise.all(chosen.flatMap((_, at) => Array.from({ length: callers }, () => loop(at))));
  const seconds = (performance.now() - from) / 1000;
  const own = ownCpuMs() - before.own;
  const oracle = (cpuMsOf(cluster.pids) - before.oracles) / cluster.pids.length;
  const steps = seqs() - before.seq;
  for (const { key, payload, signature } of checked)
    expectTrue(verify(null, payload, key, signature), "a signature of the cluster");
  return {
    signaturesPerSecond: latencies.length / seconds,
    stepsPerSecond: steps / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    oracleCpuMsPerStep: oracle / steps,
    oracleCpuMsPerSignature: oracle / latencies.length,
    agentCpuMsPerStep: own / steps,
    refused: cluster.refused - before.refused,
  };
}
