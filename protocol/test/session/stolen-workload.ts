import type { records } from "../../src/session/oracle/index.ts";
import type { SignedVote } from "../../src/session/vote.ts";
import type { OracleMessage } from "../../src/wire/session.ts";
import { Cluster, liveOf } from "./workload-cluster.ts";
import { ask, type ForgedStep, type Live, stepMessage } from "./world/forge.ts";

export const damaged = (bytes: Uint8Array, at = 0): Uint8Array => {
  const out = bytes.slice();
  out[at] = (out[at] ?? 0) ^ 1;
  return out;
};

/** A cluster and the state of a workload that enrolled and stopped: whoever holds it can sign anything. */
export function stolen(name: string): { cluster: Cluster; live: Live } {
  const cluster = new Cluster(name);
  const running = cluster.enrolled(name, { heartbeatMs: 100_000 });
  cluster.loop.pass(100);
  running.stop();
  return { cluster, live: structuredClone(liveOf(running)) };
}

export function recordOf(cluster: Cluster, oracle: number, id: Uint8Array): records.InstanceRecord {
  const node = cluster.node(oracle) as unknown as {
    record(id: Uint8Array): records.InstanceRecord | undefined;
  };
  const record = node.record(id);
  if (record === undefined) throw new Error("no record");
  return record;
}

/** Sends a step to oracles and collects their votes. */
export function votesFor(cluster: Cluster, step: ForgedStep, oracles: readonly number[], withDelta = true) {
  return oracles.map((oracle): SignedVote => {
    const delta = withDelta ? step.deltas[oracle - 1] : undefined;
    const answer = ask(cluster.loop, cluster.node(oracle), stepMessage(step, delta));
    if (answer.kind !== "ordered" || answer.vote === undefined)
      throw new Error(`no vote: ${JSON.stringify(answer)}`);
    return answer.vote;
  });
}

export const codeOf = (answer: OracleMessage): string =>
  answer.kind === "refused" ? answer.code : answer.kind;
