import { makeStage } from "../campaign/run-one.ts";
import { Prng } from "../core/index.ts";
import { symbolicGroup } from "../crypto/symbolic-group.ts";
import { QUIET, SMALL } from "../world/index.ts";
import type { Global } from "./global.ts";
import { Moves } from "./moves.ts";
import { OraclePart } from "./oracle-part.ts";
import { checkRest, checkState, checkTransition, type Violate } from "./promises.ts";
import { WorkloadPart } from "./workload-part.ts";

export interface ExploreOptions {
  /** Steps (heartbeats with a ratchet) each copy may make. */
  readonly steps: number;
  /** Crashes that may happen, of any process at any point. */
  readonly crashes: number;
  /** Stalled connections and gossip messages at any point, together; undefined: every order of everything. */
  readonly disturbances?: number | undefined;
  /** Stops after so many distinct states. */
  readonly statesMax: number;
  /** With a copy of the workload, or the honest one alone. */
  readonly clone: boolean;
  /** Called now and then; false ends the search. */
  readonly progress?: (states: number, waiting: number) => Promise<boolean>;
  /** Told of every state as it is judged. */
  readonly seen?: (state: Global) => void;
}

export interface ExploreResult {
  readonly states: number;
  readonly transitions: number;
  /** Every order within the bounds was tried; otherwise `statesMax` was the bound that was reached. */
  readonly complete: boolean;
  readonly violations: readonly string[];
  /** States in which evidence stands. */
  readonly forked: number;
  readonly depthMax: number;
  readonly parts: { readonly oracle: number; readonly workload: number };
}

/** A search over every order of deliveries, gossip, timers and crashes of a small configuration. */
class Explorer {
  readonly #moves: Moves;
  readonly #oracles: OraclePart[];
  readonly #workloads: WorkloadPart[];
  readonly #start: Global;
  readonly #options: ExploreOptions;
  readonly #ids = new Map<string, number>();
  readonly #violations = new Set<string>();

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
    this.#oracles = stage.world.oracles.map(
      ({ id, store }) => new OraclePart(cluster, id, stage.instance, store.image()),
    );
    const count = options.clone ? 2 : 1;
    this.#workloads = Array.from({ length: count }, (_, i) => new WorkloadPart(cluster, i + 1));
    const state = victim.memoryImage().snapshot.state;
    const links = count * SMALL.oracles;
    this.#start = {
      oracles: this.#oracles.map((part) => part.initial()),
      workloads: this.#workloads.map((part) => part.begin(state)),
      up: Array.from({ length: links }, () => []),
      down: Array.from({ length: links }, () => []),
      stalled: Array.from({ length: 2 * links }, () => false),
      disturbances: 0,
      beats: Array.from({ length: count }, () => 0),
      crashes: 0,
      depth: 0,
    };
    const { steps, crashes, disturbances } = options;
    this.#moves = new Moves(this.#oracles, this.#workloads, { steps, crashes, disturbances });
  }

  #idOf(key: string): number {
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#ids.size + 1;
      this.#ids.set(key, id);
    }
    return id;
  }

  /** 52 bits that name a global state: of a million states two share one with a chance of one in ten thousand. */
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
    let still = 0;
    for (const one of state.stalled) still = still * 2 + (one ? 1 : 0);
    mix(still);
    for (const count of state.beats) mix(count + 0x100);
    mix(state.crashes * 64 + state.disturbances);
    return (a >>> 0) * 0x100000 + ((b >>> 0) & 0xfffff);
  }

  /**
   * Whether what follows can be left out: with evidence at n - q + 1 oracles no q are left that vote, so nothing is
   * certified any more, and gossip must carry the evidence to the rest, which is tried here and now.
   */
  #isOver(state: Global, violate: Violate): boolean {
    const forked = state.oracles.filter((one) => one.forked).length;
    if (forked <= SMALL.oracles - SMALL.quorum) return false;
    if (!this.#moves.gossipOut(state).oracles.every((one) => one.forked))
      violate("revocations-survive", "evidence stands, and gossip does not carry it to every oracle");
    return true;
  }

  async run(): Promise<ExploreResult> {
    const seen = new Set<number>([this.#key(this.#start)]);
    const stack: Global[] = [this.#start];
    const prng = new Prng("explore/order");
    const violate: Violate = (checker, message) => {
      this.#violations.add(`${checker}: ${message}`);
    };
    let transitions = 0;
    let forked = 0;
    let depthMax = 0;
    const { statesMax, progress, clone } = this.#options;
    let stopped = false;
    while (stack.length > 0 && seen.size <= statesMax && !stopped) {
      // Mostly depth first, so that little waits; but not always the newest, so that a bounded search sees many ways.
      const at = Math.max(0, stack.length - 1 - Math.floor(prng.unit() ** 3 * 4000));
      const state = stack[at];
      const last = stack.pop();
      if (state === undefined || last === undefined) break;
      if (at < stack.length) stack[at] = last;
      this.#options.seen?.(state);
      checkState(state, clone, violate);
      checkRest(state, clone, this.#moves, violate);
      if (state.oracles.some((one) => one.forked)) forked++;
      depthMax = Math.max(depthMax, state.depth);
      if (this.#isOver(state, violate)) continue;
      for (const next of this.#moves.successors(state)) {
        transitions++;
        const key = this.#key(next);
        if (seen.has(key)) continue;
        checkTransition(state, next, violate);
        seen.add(key);
        stack.push(next);
      }
      if (seen.size % 1024 < 8) stopped = (await progress?.(seen.size, stack.length)) === false;
    }
    return {
      states: seen.size,
      transitions,
      complete: stack.length === 0,
      violations: [...this.#violations],
      forked,
      depthMax,
      parts: {
        oracle: this.#oracles.reduce((sum, part) => sum + part.distinct, 0),
        workload: this.#workloads.reduce((sum, part) => sum + part.distinct, 0),
      },
    };
  }
}

/** Searches a small configuration exhaustively, or up to a bound it names. */
export function explore(options: ExploreOptions): Promise<ExploreResult> {
  return new Explorer(options).run();
}
