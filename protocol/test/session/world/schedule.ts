import fc from "fast-check";
import { toHex, utf8 } from "../../../src/bytes.ts";
import { headerHash } from "../../../src/session/header.ts";
import type { records } from "../../../src/session/oracle/index.ts";
import type { Agent, Cluster } from "./cluster.ts";

/** A schedule: one number for each thing that happens. */
export const schedules = (length: number): fc.Arbitrary<readonly number[]> =>
  fc.array(fc.nat(0xffffff), { minLength: length / 2, maxLength: length, size: "max" });

/** Lets the `choice` decide what happens next: delivery (most often), loss, duplication, a timer, a crash, a restart, a request. */
export function happen(cluster: Cluster, agent: Agent, choice: number): void {
  const { world } = cluster;
  const { pending } = world;
  const pick = choice >> 6;
  switch (choice % 64) {
    case 0:
    case 1: {
      const one = pending[pick % Math.max(1, pending.length)];
      if (one?.message === true) one.alive = false;
      return;
    }
    case 2:
    case 3: {
      // Delivered now and kept: it comes again whenever the schedule says so.
      const one = pending[pick % Math.max(1, pending.length)];
      if (one?.message === true) one.run();
      return;
    }
    case 4: {
      const id = (pick % cluster.ids.length) + 1;
      return cluster.crashOracle(id, (pick >> 4) % 4);
    }
    case 5:
    case 6:
    case 7: {
      const id = (pick % cluster.ids.length) + 1;
      return cluster.startOracle(id);
    }
    case 8:
      return agent.crash(pick % 2 === 0);
    case 9:
    case 10:
    case 11:
      return agent.start();
    case 12:
    case 13:
      return agent.sign({ type: "raw", payload: utf8(`message ${choice}`) });
    case 14:
    case 15:
    case 16:
    case 17: {
      world.fireTimer();
      return;
    }
    default:
      world.take(pick % Math.max(1, pending.length))?.run();
  }
}

/** Faults end: everybody is up, everything is delivered in order. */
export function calm(cluster: Cluster, agents: readonly Agent[], ms: number, over?: () => boolean): void {
  cluster.heal();
  for (const id of cluster.ids) cluster.startOracle(id);
  for (const agent of agents) agent.start();
  cluster.world.settle(ms, over);
}

/** One certified header per (instance, seq), over everything any oracle holds. Throws when two meet. */
export function checkOneHeaderPerSeq(cluster: Cluster, instance: Uint8Array): number {
  const certified = new Map<number, string>();
  for (const id of cluster.ids) {
    const rows = cluster.node(id)?.history(instance, 1000) ?? [];
    for (const { signed } of rows) {
      const hash = toHex(headerHash(signed.header));
      const other = certified.get(signed.header.seq);
      if (other !== undefined && other !== hash)
        throw new Error(`two certified headers at seq ${signed.header.seq}`);
      certified.set(signed.header.seq, hash);
    }
  }
  return certified.size;
}

/** What oracles hold against the instance. */
export function accusations(cluster: Cluster, instance: Uint8Array): string[] {
  return cluster.ids.flatMap((id) => {
    const record: records.InstanceRecord | undefined = cluster.node(id)?.record(instance);
    return record === undefined || record.status === "active"
      ? []
      : [`oracle ${id}: ${record.status} ${record.reason ?? ""}`];
  });
}
