import { encodeOracleFrame } from "@ipse/protocol/wire";
import { makeStage } from "../campaign/run-one.ts";
import { Prng } from "../core/index.ts";
import { symbolicGroup } from "../crypto/symbolic-group.ts";
import { QUIET, SMALL } from "../world/index.ts";
import type { Global } from "./global.ts";
import { hashKey, OraclePart } from "./oracle-part.ts";
import { checkState, rivalsAtRest } from "./promises.ts";
import { type Sent, WorkloadPart, type WorkloadRest } from "./workload-part.ts";

export interface ExploreOptions {
  /** Steps (heartbeats with a ratchet) each copy may make. */
  readonly steps: number;
  /** Crashes that may happen, of any process at any point. */
  readonly crashes: number;
  /** Stops after so many distinct states. */
  readonly statesMax: number;
  /** With a copy of the workload, or the honest one alone. */
  readonly clone: boolean;
  readonly progress?: (states: number, waiting: number) => boolean;
}

export interface ExploreResult {
  readonly states: number;
  readonly transitions: number;
  /** Every order was tried; otherwise `statesMax` was the bound that was reached. */
  readonly complete: boolean;
  readonly violations: readonly string[];
  readonly forked: number;
  readonly depthMax: number;
  readonly parts: { readonly oracle: number; readonly workload: number };
}

/** A search over every order of deliveries, gossip, timers and crashes of a small configuration. */
class Explorer {
  readonly #n = SMALL.oracles;
  readonly #oracles: OraclePart[];
  readonly #workloads: WorkloadPart[];
  readonly #start: Global;
  readonly #options: ExploreOptions;
  readonly #instance: string;
  readonly #ids = new Map<string, number>();
  readonly violations = new Set<string>();

  constructor(options: ExploreOptions) {
    this.#options = options;
    const scenario = {
      number: 0,
      name: "explore",
      expected: ["OK"] as const,
      summary: "",
      script: () => undefined,
    };
    const setting = { topology: SMALL, links: QUIET, heartbeatMs: 60_000 };
    const stage = makeStage(scenario, "explore", { group: symbolicGroup, setting, wire: false });
    stage.world.bootOracles();
    const { victim } = stage;
    stage.ratchet(victim);
    stage.idle(victim);
    stage.world.run(2500);
    const { cluster } = stage.world;
    this.#instance = String.fromCharCode(...stage.instance);
    this.#oracles = stage.world.oracles.map(
      ({ id, store }) => new OraclePart(cluster, id, stage.instance, store.image()),
    );
    const count = options.clone ? 2 : 1;
    this.#workloads = Array.from({ length: count }, (_, i) => new WorkloadPart(cluster, i + 1));
    const state = victim.memoryImage().snapshot.state;
    this.#start = {
      oracles: this.#oracles.map((part) => part.initial()),
      workloads: this.#workloads.map((part) => part.begin(state)),
      up: Array.from({ length: count * this.#n }, () => []),
      down: Array.from({ length: count * this.#n }, () => []),
      beats: Array.from({ length: count }, () => 0),
      crashes: 0,
      depth: 0,
    };
  }

  get parts(): ExploreResult["parts"] {
    return {
      oracle: this.#oracles.reduce((sum, part) => sum + part.distinct, 0),
      workload: this.#workloads.reduce((sum, part) => sum + part.distinct, 0),
    };
  }

  #idOf(key: string): number {
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#ids.size + 1;
      this.#ids.set(key, id);
    }
    return id;
  }

  /** 52 bits that name a global state. */
  #key(state: Global): number {
    let a = 0x811c9dc5;
    let b = 0x2545f491;
    const mix = (value: number): void => {
      a = Math.imul(a ^ value, 0x01000193);
      b = Math.imul((b << 5) ^ (b >>> 27) ^ value, 0x9e3779b1);
      a ^= b >>> 15;
    };
    for (const { id } of state.oracles) mix(id + 1);
    for (const { id } of state.workloads) mix(id + 0x10000);
    for (const link of state.up) {
      mix(0x7f);
      for (const { key } of link) mix(this.#idOf(key));
    }
    for (const link of state.down) {
      mix(0x3f);
      for (const { key } of link) mix(this.#idOf(key));
    }
    for (const count of state.beats) mix(count + 0x100);
    mix(state.crashes);
    return (a >>> 0) * 0x100000 + ((b >>> 0) & 0xfffff);
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
    if (reply !== undefined) {
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

  #fire(state: Global, w: number, name: string): Global | undefined {
    const [part, at] = [this.#workloads[w], state.workloads[w]];
    const beats = state.beats[w] ?? 0;
    if (part === undefined || at === undefined || !at.timers.has(name)) return undefined;
    if (name === "heartbeat" && beats >= this.#options.steps) return undefined;
    const { next, sent } = part.fire(at, name);
    const counted = name === "heartbeat" ? { ...state, beats: replace(state.beats, w, beats + 1) } : state;
    return this.#withSent(counted, w, next, sent);
  }

  /** A crash takes memory and every frame on its way to or from the process. */
  #crashWorkload(state: Global, w: number): Global | undefined {
    const [part, at] = [this.#workloads[w], state.workloads[w]];
    if (part === undefined || at === undefined || state.crashes >= this.#options.crashes) return undefined;
    const mine = (link: number): boolean => Math.floor(link / this.#n) === w;
    const cleared = {
      ...state,
      crashes: state.crashes + 1,
      up: state.up.map((frames, link) => (mine(link) ? [] : frames)),
      down: state.down.map((frames, link) => (mine(link) ? [] : frames)),
    };
    const { next, sent } = part.crash(at);
    return this.#withSent(cleared, w, next, sent);
  }

  #crashOracle(state: Global, o: number): Global | undefined {
    if (state.crashes >= this.#options.crashes) return undefined;
    const mine = (link: number): boolean => link % this.#n === o;
    if (
      ![...state.up, ...state.down].some((frames, link) => frames.length > 0 && mine(link % state.up.length))
    )
      return undefined;
    return {
      ...state,
      crashes: state.crashes + 1,
      up: state.up.map((frames, link) => (mine(link) ? [] : frames)),
      down: state.down.map((frames, link) => (mine(link) ? [] : frames)),
      depth: state.depth + 1,
    };
  }

  #gossip(state: Global, from: number, to: number): Global | undefined {
    const [part, at, speaker] = [this.#oracles[to], state.oracles[to], state.oracles[from]];
    if (part === undefined || at === undefined || speaker === undefined || from === to) return undefined;
    const next = part.hear(at, speaker);
    return next === at
      ? undefined
      : { ...state, oracles: replace(state.oracles, to, next), depth: state.depth + 1 };
  }

  /** What three rounds of gossip among all oracles make of a state. */
  #gossipOut(state: Global): Global {
    let current = state;
    for (let round = 0; round < 3; round++)
      for (let from = 0; from < this.#n; from++)
        for (let to = 0; to < this.#n; to++) current = this.#gossip(current, from, to) ?? current;
    return current;
  }

  /** Every state that can come next. */
  successors(state: Global): Global[] {
    const found: (Global | undefined)[] = [];
    for (let link = 0; link < state.up.length; link++)
      found.push(this.#deliverUp(state, link), this.#deliverDown(state, link));
    for (let w = 0; w < state.workloads.length; w++) {
      for (const timer of state.workloads[w]?.timers ?? []) found.push(this.#fire(state, w, timer));
      found.push(this.#crashWorkload(state, w));
    }
    for (let o = 0; o < this.#n; o++) {
      found.push(this.#crashOracle(state, o));
      for (let to = 0; to < this.#n; to++) found.push(this.#gossip(state, o, to));
    }
    return found.filter((one) => one !== undefined);
  }

  run(): ExploreResult {
    const seen = new Set<number>([this.#key(this.#start)]);
    const stack: Global[] = [this.#start];
    const prng = new Prng("explore/order");
    let transitions = 0;
    let forked = 0;
    let depthMax = 0;
    const { statesMax, progress } = this.#options;
    let stopped = this.#instance.length === 0;
    while (stack.length > 0 && seen.size < statesMax && !stopped) {
      // Mostly depth first, so that little waits; but not always the newest, so that a bounded search sees many ways.
      const at = Math.max(0, stack.length - 1 - Math.floor(prng.unit() ** 3 * 4000));
      const state = stack[at];
      const last = stack.pop();
      if (state === undefined || last === undefined) break;
      if (at < stack.length) stack[at] = last;
      checkState(state, this.#options.clone, this.violations);
      if (rivalsAtRest(state) && !this.#gossipOut(state).oracles.every((one) => one.forked))
        this.violations.add("two headers of one seq are known, and gossip finds no evidence");
      if (state.oracles.some((one) => one.forked)) forked++;
      depthMax = Math.max(depthMax, state.depth);
      // Every oracle holds the evidence: for this instance nothing can follow.
      if (state.oracles.every((one) => one.forked)) continue;
      for (const next of this.successors(state)) {
        transitions++;
        const key = this.#key(next);
        if (seen.has(key)) continue;
        seen.add(key);
        stack.push(next);
      }
      if (seen.size % 1024 < 8) stopped = progress?.(seen.size, stack.length) === false;
    }
    const complete = stack.length === 0;
    return {
      states: seen.size,
      transitions,
      complete,
      violations: [...this.violations],
      forked,
      depthMax,
      parts: this.parts,
    };
  }
}

function replace<T>(list: readonly T[], index: number, value: T): T[] {
  const out = [...list];
  out[index] = value;
  return out;
}

/** Searches a small configuration exhaustively, or up to a bound it names. */
export function explore(options: ExploreOptions): ExploreResult {
  return new Explorer(options).run();
}
