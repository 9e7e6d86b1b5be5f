import { encode } from "@ipse/protocol/encoding";
import { signedVote } from "@ipse/protocol/session";
import {
  type AgentRequest,
  DEFAULT_SETTINGS,
  decodeState,
  encodeState,
  newState,
  type WorkloadContext,
  type WorkloadEvent,
  type WorkloadState,
  workloadStep,
} from "@ipse/protocol/session/workload";
import { encodeAgentFrame, type OracleMessage } from "@ipse/protocol/wire";
import { fastHash } from "../crypto/fast-hash.ts";
import type { Cluster } from "../world/index.ts";
import { hashKey } from "./oracle-part.ts";

/** A workload between two inputs. Never changed in place; equal content is one object. */
export interface WorkloadRest {
  readonly id: number;
  readonly state: WorkloadState;
  /** Timers that may fire. */
  readonly timers: ReadonlySet<string>;
}

export interface Sent {
  readonly oracle: number;
  readonly message: AgentRequest;
  readonly delta: Uint8Array | undefined;
  /** Content, without the request's number. */
  readonly key: string;
}

export interface WorkloadResult {
  readonly next: WorkloadRest;
  readonly sent: readonly Sent[];
}

function number32(value: number): Uint8Array {
  return Uint8Array.of(value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255);
}

const KEPT_TIMERS = /^(heartbeat|grace|settle)$/;

/**
 * One copy of the workload: the production step function, each (state, input)
 * computed once. Randomness depends on the copy and the step alone, so that
 * orders that lead to the same content meet again.
 */
export class WorkloadPart {
  readonly #cluster: Cluster;
  readonly #name: number;
  readonly #states = new Map<string, WorkloadRest>();
  readonly #done = new Map<string, WorkloadResult>();
  #draws = 0;
  #seed: Uint8Array = new Uint8Array(4);

  constructor(cluster: Cluster, name: number) {
    this.#cluster = cluster;
    this.#name = name;
  }

  get distinct(): number {
    return this.#states.size;
  }

  begin(state: WorkloadState): WorkloadRest {
    return this.#intern(structuredClone(state), new Set(["heartbeat"]));
  }

  #context(): WorkloadContext {
    return {
      group: this.#cluster.group,
      roster: this.#cluster.roster,
      settings: { ...DEFAULT_SETTINGS, jitter: 0 },
      random: (count) => {
        const out = new Uint8Array(count);
        for (let at = 0; at < count; at += 64) {
          const block = fastHash([Uint8Array.of(this.#name), this.#seed, number32(this.#draws++)]);
          out.set(block.subarray(0, Math.min(64, count - at)), at);
        }
        return out;
      },
    };
  }

  #intern(state: WorkloadState, timers: ReadonlySet<string>): WorkloadRest {
    const { memory, durable } = state;
    const views = memory.oracles.map(({ up, vote, introduced, acknowledged, refusal }) => {
      const voted = vote === undefined ? "" : hashKey(encode(signedVote, vote));
      return `${up ? 1 : 0}${introduced ? 1 : 0}${acknowledged ? 1 : 0}${refusal ?? ""}${voted}`;
    });
    const open = [...memory.requests.values()].map(({ oracle, about }) => `${oracle}${about}`).sort();
    const answers = memory.round?.answers
      .map(({ oracle, head, above }) => `${oracle}:${head?.signed.header.seq ?? -1}:${above.length}`)
      .sort();
    const text = [
      memory.mode,
      memory.continuous,
      memory.recheck,
      memory.heartbeatDue,
      ...views,
      ...open,
      ...(answers ?? ["no round"]),
      ...[...timers].sort(),
    ].join("|");
    const key = hashKey(encodeState(durable), new TextEncoder().encode(text));
    let rest = this.#states.get(key);
    if (rest === undefined) {
      rest = { id: this.#states.size, state, timers };
      this.#states.set(key, rest);
    }
    return rest;
  }

  /** One input. The production host saves before it sends; a crash in between is the search's own step. */
  step(rest: WorkloadRest, event: WorkloadEvent, eventKey: string): WorkloadResult {
    const key = `${rest.id}/${eventKey}`;
    const known = this.#done.get(key);
    if (known !== undefined) return known;
    const state = structuredClone(rest.state);
    const result = this.#run(state, new Set(rest.timers), [event]);
    this.#done.set(key, result);
    return result;
  }

  #run(state: WorkloadState, timers: Set<string>, events: readonly WorkloadEvent[]): WorkloadResult {
    let current = state;
    const sent: Sent[] = [];
    const queue = [...events];
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
      const { phase } = current.durable;
      this.#draws = 0;
      this.#seed = number32(phase.kind === "live" ? phase.head.signed.header.seq : 0);
      // The pool's history of salts would tell orders apart that are otherwise the same.
      current.memory.pool.fill(this.#name);
      const stepped = workloadStep(this.#context(), current, { ...event, nowMs: 0, monotonicMs: 0 });
      current = stepped.state;
      for (const effect of stepped.effects) {
        if (effect.type === "timer" && KEPT_TIMERS.test(effect.name)) {
          if (effect.name === "settle") queue.push({ type: "timer", name: "settle" });
          else timers.add(effect.name);
        }
        if (effect.type !== "send") continue;
        const { oracle, message, delta } = effect;
        const frame = encodeAgentFrame({ id: 0, message });
        sent.push({ oracle, message, delta, key: hashKey(frame, delta ?? new Uint8Array()) });
      }
    }
    return { next: this.#intern(current, timers), sent };
  }

  fire(rest: WorkloadRest, name: string): WorkloadResult {
    const key = `${rest.id}/!${name}`;
    const known = this.#done.get(key);
    if (known !== undefined) return known;
    const timers = new Set(rest.timers);
    timers.delete(name);
    const result = this.#run(structuredClone(rest.state), timers, [{ type: "timer", name }]);
    this.#done.set(key, result);
    return result;
  }

  /** An oracle's answer; it belongs to whatever request of that kind is open. */
  receive(
    rest: WorkloadRest,
    oracle: number,
    about: string,
    message: OracleMessage,
    messageKey: string,
  ): WorkloadResult {
    const open = [...rest.state.memory.requests].find(
      ([, request]) => request.oracle === oracle && request.about === about,
    );
    return this.step(
      rest,
      { type: "message", oracle, requestId: open?.[0] ?? 0, message },
      `${oracle}${messageKey}`,
    );
  }

  /** The connection to an oracle ends, and there is a new one. */
  reconnect(rest: WorkloadRest, oracle: number): WorkloadResult {
    const key = `${rest.id}/~${oracle}`;
    const known = this.#done.get(key);
    if (known !== undefined) return known;
    const result = this.#run(structuredClone(rest.state), new Set(rest.timers), [
      { type: "oracleDown", oracle },
      { type: "oracleUp", oracle },
    ]);
    this.#done.set(key, result);
    return result;
  }

  /** Power goes and comes back: only the saved state is left, safe start follows. */
  crash(rest: WorkloadRest): WorkloadResult {
    const key = `${rest.id}/crash`;
    const known = this.#done.get(key);
    if (known !== undefined) return known;
    const durable = decodeState(encodeState(rest.state.durable));
    this.#draws = 0;
    const state = newState(durable, this.#cluster.topology.oracles, (count) => new Uint8Array(count));
    const ups = this.#cluster.roster.oracles.map(({ id }) => ({ type: "oracleUp" as const, oracle: id }));
    const result = this.#run(state, new Set(), [{ type: "start", machine: "after-crash" }, ...ups]);
    this.#done.set(key, result);
    return result;
  }
}
