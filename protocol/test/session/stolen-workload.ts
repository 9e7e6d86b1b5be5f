import { vi } from "vitest";
import type { CertifiedHeader } from "../../src/session/certified.ts";
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

/** A workload's CERT, without its word. */
export const tellCertified = (cluster: Cluster, oracle: number, certified: CertifiedHeader): OracleMessage =>
  ask(cluster.loop, cluster.node(oracle), {
    kind: "cert",
    certified,
    enrollment: undefined,
    signature: undefined,
  });

/** The votes that a gossip message shows, where they do not matter. */
export const quiet = { newestVote: undefined, yourNewestVote: undefined };

/** What has become of an instance at each oracle. */
export const statusesOf = (cluster: Cluster, instance: Uint8Array): string[] =>
  cluster.ids.map((id) => recordOf(cluster, id, instance).status);

export const codeOf = (answer: OracleMessage): string =>
  answer.kind === "refused" ? answer.code : answer.kind;

/** What oracles send each other from now on, as `from > to kind`; gossip by its items. */
export function peerTraffic(cluster: Cluster): string[] {
  const sent: string[] = [];
  for (const id of cluster.ids) {
    const node = cluster.node(id);
    const receive = node.onPeerMessage.bind(node);
    vi.spyOn(node, "onPeerMessage").mockImplementation((from, message) => {
      for (const { kind } of message.kind === "gossip" ? message.items : [message])
        sent.push(`${from} > ${id} ${kind}`);
      receive(from, message);
    });
  }
  return sent;
}

/** How many headers above the head an oracle shows of an instance; -1 where it does not know it. */
export function openAt(cluster: Cluster, oracle: number, instance: Uint8Array): number {
  const challenge = new Uint8Array(32);
  const answer = ask(cluster.loop, cluster.node(oracle), { kind: "status", instance, challenge });
  return answer.kind === "status" ? answer.answer.above.length : -1;
}
