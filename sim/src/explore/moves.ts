import { encodeOracleFrame } from "@ipse/protocol/wire";
import { type Global, replace } from "./global.ts";
import { hashKey, type OraclePart } from "./oracle-part.ts";
import type { Sent, WorkloadPart, WorkloadRest } from "./workload-part.ts";

export interface MoveLimits {
  /** Heartbeats each copy may make. */
  readonly steps: number;
  readonly crashes: number;
  /**
   * Stalled connections and gossip messages that may come at any point, together; undefined: any number, in every
   * order. With a bound, links that do not stand still are served in turn, oracle by oracle.
   */
  readonly disturbances: number | undefined;
}

function disturbed(state: Global): Global {
  return { ...state, disturbances: state.disturbances + 1 };
}

/** Everything that can happen in a global state, each thing as a function from states to states. */
export class Moves {
  readonly #oracles: readonly OraclePart[];
  readonly #workloads: readonly WorkloadPart[];
  readonly #limits: MoveLimits;

  constructor(oracles: readonly OraclePart[], workloads: readonly WorkloadPart[], limits: MoveLimits) {
    this.#oracles = oracles;
    this.#workloads = workloads;
    this.#limits = limits;
  }

  get #n(): number {
    return this.#oracles.length;
  }

  #withSent(state: Global, w: number, next: WorkloadRest, sent: readonly Sent[]): Global {
    const up = [...state.up];
    for (const one of sent) {
      const link = w * this.#n + one.oracle - 1;
      up[link] = [...(up[link] ?? []), one];
    }
    return { ...state, workloads: replace(state.workloads, w, next), up, depth: state.depth + 1 };
  }

  #deliverUp(state: Global, link: number): Global | undefined {
    const [first, ...rest] = state.up[link] ?? [];
    if (first === undefined) return undefined;
    const o = first.oracle - 1;
    const [part, at] = [this.#oracles[o], state.oracles[o]];
    if (part === undefined || at === undefined) return undefined;
    const { next, reply } = part.handle(at, first.message, first.key, first.delta);
    const up = replace(state.up, link, rest);
    let { down } = state;
    // An acknowledgement of CERT tells a workload nothing unless it ends: it is not carried.
    if (reply !== undefined && reply.kind !== "certAck") {
      const key = hashKey(encodeOracleFrame({ id: 0, message: reply }));
      down = replace(down, link, [...(down[link] ?? []), { about: first.message.kind, message: reply, key }]);
    }
    return { ...state, oracles: replace(state.oracles, o, next), up, down, depth: state.depth + 1 };
  }

  #deliverDown(state: Global, link: number): Global | undefined {
    const [first, ...rest] = state.down[link] ?? [];
    if (first === undefined) return undefined;
    const w = Math.floor(link / this.#n);
    const [part, at] = [this.#workloads[w], state.workloads[w]];
    if (part === undefined || at === undefined) return undefined;
    const { next, sent } = part.receive(at, (link % this.#n) + 1, first.about, first.message, first.key);
    return this.#withSent({ ...state, down: replace(state.down, link, rest) }, w, next, sent);
  }

  /** The next frame of a link (up links first) arrives; the link stands still no longer. */
  #deliver(state: Global, link: number): Global | undefined {
    const ups = state.up.length;
    const next = link < ups ? this.#deliverUp(state, link) : this.#deliverDown(state, link - ups);
    if (next === undefined || state.stalled[link] !== true) return next;
    return { ...next, stalled: replace(next.stalled, link, false) };
  }

  /** Deliveries, and links that begin to stand still. */
  *deliveries(state: Global): Generator<Global | undefined> {
    const links = state.up.length + state.down.length;
    const { disturbances } = this.#limits;
    if (disturbances === undefined) {
      for (let link = 0; link < links; link++) yield this.#deliver(state, link);
      return;
    }
    let served = false;
    for (let link = 0; link < links; link++) {
      if (state.stalled[link] === true) yield this.#deliver(state, link);
      else if (!served && this.#length(state, link) > 0) {
        served = true;
        yield this.#deliver(state, link);
        if (state.disturbances < disturbances)
          yield disturbed({ ...state, stalled: replace(state.stalled, link, true), depth: state.depth + 1 });
      }
    }
  }

  #length(state: Global, link: number): number {
    const ups = state.up.length;
    return (link < ups ? state.up[link] : state.down[link - ups])?.length ?? 0;
  }

  fire(state: Global, w: number, name: string): Global | undefined {
    const [part, at] = [this.#workloads[w], state.workloads[w]];
    const beats = state.beats[w] ?? 0;
    if (part === undefined || at === undefined || !at.timers.has(name)) return undefined;
    if (name === "heartbeat" && beats >= this.#limits.steps) return undefined;
    const { next, sent } = part.fire(at, name);
    const counted = name === "heartbeat" ? { ...state, beats: replace(state.beats, w, beats + 1) } : state;
    return this.#withSent(counted, w, next, sent);
  }

  /** Every frame on its way to or from a process is gone, and its links are new ones. */
  #cutOff(state: Global, mine: (link: number) => boolean): Global {
    const ups = state.up.length;
    return {
      ...state,
      up: state.up.map((frames, link) => (mine(link) ? [] : frames)),
      down: state.down.map((frames, link) => (mine(link) ? [] : frames)),
      stalled: state.stalled.map((still, link) => still && !mine(link % ups)),
    };
  }

  /** A crash takes memory and every frame on its way to or from the process; then it starts again. */
  crashWorkload(state: Global, w: number): Global | undefined {
    const [part, at] = [this.#workloads[w], state.workloads[w]];
    if (part === undefined || at === undefined || state.crashes >= this.#limits.crashes) return undefined;
    const cleared = this.#cutOff(state, (link) => Math.floor(link / this.#n) === w);
    const { next, sent } = part.crash(at);
    return this.#withSent({ ...cleared, crashes: state.crashes + 1 }, w, next, sent);
  }

  /** An oracle restarts on its disk. The workloads see their connections end and come back. */
  crashOracle(state: Global, o: number): Global | undefined {
    if (state.crashes >= this.#limits.crashes) return undefined;
    return this.reconnect({ ...state, crashes: state.crashes + 1 }, o);
  }

  /** Every workload loses its connection to an oracle and gets another one. */
  reconnect(state: Global, o: number): Global {
    let next = this.#cutOff(state, (link) => link % this.#n === o);
    for (let w = 0; w < this.#workloads.length; w++) {
      const [part, at] = [this.#workloads[w], next.workloads[w]];
      if (part === undefined || at === undefined) continue;
      const result = part.reconnect(at, o + 1);
      next = this.#withSent(next, w, result.next, result.sent);
    }
    return { ...next, depth: state.depth + 1 };
  }

  gossip(state: Global, from: number, to: number): Global | undefined {
    const [part, at, speaker] = [this.#oracles[to], state.oracles[to], state.oracles[from]];
    if (part === undefined || at === undefined || speaker === undefined || from === to) return undefined;
    const next = part.hear(at, speaker);
    if (next === at) return undefined;
    return { ...state, oracles: replace(state.oracles, to, next), depth: state.depth + 1 };
  }

  #gossipMove(state: Global, from: number, to: number): Global | undefined {
    const { disturbances } = this.#limits;
    if (disturbances === undefined) return this.gossip(state, from, to);
    if (state.disturbances >= disturbances) return undefined;
    const next = this.gossip(state, from, to);
    return next === undefined ? undefined : disturbed(next);
  }

  /** What three rounds of gossip among all oracles make of a state. */
  gossipOut(state: Global): Global {
    let current = state;
    for (let round = 0; round < 3; round++)
      for (let from = 0; from < this.#n; from++)
        for (let to = 0; to < this.#n; to++) current = this.gossip(current, from, to) ?? current;
    return current;
  }

  /** Every frame arrives, in turn, until none is under way. */
  drain(state: Global, framesMax = 400): Global {
    let current = state;
    const links = state.up.length + state.down.length;
    for (let frames = 0; frames < framesMax; ) {
      let moved = false;
      for (let link = 0; link < links; link++) {
        const next = this.#deliver(current, link);
        if (next === undefined) continue;
        [current, moved] = [next, true];
        frames++;
      }
      if (!moved) break;
    }
    return current;
  }

  /** Every state that can come next. */
  successors(state: Global): Global[] {
    const found: (Global | undefined)[] = [...this.deliveries(state)];
    for (let w = 0; w < state.workloads.length; w++) {
      for (const timer of state.workloads[w]?.timers ?? []) found.push(this.fire(state, w, timer));
      found.push(this.crashWorkload(state, w));
    }
    for (let o = 0; o < this.#n; o++) {
      found.push(this.crashOracle(state, o));
      for (let to = 0; to < this.#n; to++) found.push(this.#gossipMove(state, o, to));
    }
    return found.filter((one) => one !== undefined);
  }
}
