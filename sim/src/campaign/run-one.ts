import { byteKey } from "@ipse/protocol";
import { encode } from "@ipse/protocol/encoding";
import type { Group } from "@ipse/protocol/group";
import { forkEvidence } from "@ipse/protocol/session";
import { CHECKERS } from "../checkers/index.ts";
import { Decisions, Prng } from "../core/index.ts";
import { symbolicGroup } from "../crypto/symbolic-group.ts";
import type { Outcome, Scenario, Setting } from "../scenarios/scenario.ts";
import { Stage } from "../scenarios/stage.ts";
import {
  CEREMONY_KEYS_PER_ORACLE,
  type Genesis,
  genesisOf,
  type LinkProfile,
  PRESETS,
  SMALL,
  type Topology,
  World,
} from "../world/index.ts";
import { type TraceEvent, Tracer } from "./trace.ts";

/** Share of symbolic runs whose frames really become bytes. */
const WIRE_SHARE = 1 / 8;

export interface RunOptions {
  readonly group?: Group;
  readonly trace?: boolean;
  /** Breaks the world before it starts (negative controls). */
  readonly control?: (stage: Stage) => void;
  /** Overrides what the seed would draw. */
  readonly setting?: Setting;
  readonly wire?: boolean;
  /** Records decisions, and leaves these out (replay --shrink). */
  readonly without?: ReadonlySet<string>;
}

export interface RunResult {
  readonly scenario: string;
  readonly seed: string;
  readonly code: Outcome | "FAIL";
  readonly expected: Outcome;
  /** A deviation from the expectation, by kind; undefined: as expected. */
  readonly deviation: "miss" | "false_revocation" | "unexpected" | undefined;
  readonly problems: readonly string[];
  readonly detectionMs: number | undefined;
  readonly detectionHeartbeats: number | undefined;
  /** Steps a copy had certified before the detection. */
  readonly cloneSteps: number;
  readonly cloneSignatures: number;
  readonly evidenceBytes: number | undefined;
  readonly heartbeatMs: number;
  readonly topology: Topology;
  readonly virtualMs: number;
  readonly events: number;
  /** Names of the faults, deliveries and moves that took place, where they are recorded. */
  readonly decisions: readonly string[];
  readonly trace: readonly TraceEvent[];
  readonly lines: readonly string[];
}

function drawTopology(prng: Prng): Topology {
  const x = prng.unit();
  const [small, middle, large] = PRESETS;
  if (x < 0.9) return small ?? SMALL;
  return (x < 0.98 ? middle : large) ?? SMALL;
}

function drawLinks(prng: Prng): LinkProfile {
  const delayMsMean = Math.exp(prng.between(Math.log(0.5), Math.log(40)));
  return { delayMsMin: prng.between(0.05, 2), delayMsMean, loss: 0, duplicate: 0, reorder: 0 };
}

/** Builds the world of one run: everything that may vary is drawn from the seed. */
export function makeStage(scenario: Scenario, seed: string, options: RunOptions): Stage {
  const prng = new Prng(`${scenario.name}/${seed}`);
  const draws = prng.fork("setting");
  const drawnTopology = drawTopology(draws);
  const drawnLinks = drawLinks(draws);
  const drawnHeartbeat = Math.round(draws.between(1000, 4000));
  const setting = { ...scenario.setting, ...options.setting };
  const topology = setting.topology ?? drawnTopology;
  const heartbeatMs = setting.heartbeatMs ?? drawnHeartbeat;
  const group = options.group ?? symbolicGroup;
  const genesis: Genesis = genesisOf(group, topology, setting.keys);
  const world = new World({
    seed: `${prng.seed}/world`,
    cluster: genesis.cluster,
    images: genesis.images,
    settings: { heartbeatMs },
    wire: options.wire ?? draws.chance(WIRE_SHARE),
    ...(setting.keys === "ceremony" ? { poolKeysPerOracle: CEREMONY_KEYS_PER_ORACLE } : {}),
    ...(setting.issuer === true ? { issuer: {} } : {}),
  });
  if (options.without !== undefined) world.decisions = new Decisions(options.without);
  world.network.agentLinks = setting.links ?? drawnLinks;
  world.network.peerLinks = { ...(setting.links ?? drawnLinks), loss: 0, duplicate: 0, reorder: 0 };
  for (const oracle of world.oracles)
    oracle.store.latencyMs = Math.exp(draws.between(Math.log(0.1), Math.log(5)));
  return new Stage({ world, genesis, prng: prng.fork("script"), heartbeatMs, topology });
}

function codeOf(stage: Stage, scenario: Scenario): Outcome {
  if (stage.facts.detectedAs !== undefined) return stage.facts.detectedAs;
  if (stage.concluded !== undefined) return stage.concluded;
  const quiet = (stage.expected ?? scenario.expected[0]) as Outcome;
  return quiet === "HARD" || quiet === "SOFT" ? "NONE" : quiet;
}

function deviationOf(code: Outcome, expected: Outcome, clean: boolean): RunResult["deviation"] {
  const severe = (one: Outcome): boolean => one === "HARD" || one === "SOFT";
  if (severe(expected) && !severe(code)) return "miss";
  if (severe(code) && !severe(expected)) return "false_revocation";
  return code === expected && clean ? undefined : "unexpected";
}

/** One run of one scenario from one seed: script, checkers, measurement. */
export function runOne(scenario: Scenario, seed: string, options: RunOptions = {}): RunResult {
  const stage = makeStage(scenario, seed, options);
  const { world, facts } = stage;
  const tracer = options.trace === true ? new Tracer(world) : undefined;
  if (tracer !== undefined) world.observers.push(tracer);
  for (const checker of CHECKERS) world.observers.push(checker.watch(stage));
  options.control?.(stage);
  let thrown: string | undefined;
  try {
    world.bootOracles();
    scenario.script(stage);
    // What was found at the last moment still has to reach everybody.
    if (facts.detectedAs !== undefined || facts.operatorActed) stage.settleDown();
    world.tell("ended");
  } catch (error) {
    thrown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  return measure(stage, scenario, seed, thrown, tracer, facts.detectedMs);
}

function measure(
  stage: Stage,
  scenario: Scenario,
  seed: string,
  thrown: string | undefined,
  tracer: Tracer | undefined,
  detectedMs: number | undefined,
): RunResult {
  const { world, facts } = stage;
  const violations = world.violations.filter(({ checker }) => !stage.allowed.has(checker));
  const problems = [
    ...violations.map(({ checker, message, atMs }) => `${checker}: ${message} (at ${Math.round(atMs)} ms)`),
    ...stage.failures,
    ...(thrown === undefined ? [] : [`thrown: ${thrown}`]),
  ];
  const expected = stage.expected ?? scenario.expected[0];
  const code = codeOf(stage, scenario);
  const started = facts.copyFirstStepMs;
  const detectionMs =
    detectedMs === undefined || started === undefined ? undefined : Math.max(0, detectedMs - started);
  const holder = world.oracles.find((oracle) => oracle.node?.evidence(stage.instance) !== undefined);
  const evidence = holder?.node?.evidence(stage.instance);
  const copies = world.agents.filter(({ copy }) => copy);
  return {
    scenario: scenario.name,
    seed,
    code: thrown === undefined ? code : "FAIL",
    expected,
    deviation: thrown === undefined ? deviationOf(code, expected, problems.length === 0) : "unexpected",
    problems,
    detectionMs,
    detectionHeartbeats: detectionMs === undefined ? undefined : detectionMs / stage.heartbeatMs,
    cloneSteps: copyStepsOf(stage),
    cloneSignatures: copies.reduce((sum, { signatures }) => sum + signatures, 0),
    evidenceBytes: evidence === undefined ? undefined : encode(forkEvidence, evidence).length,
    heartbeatMs: stage.heartbeatMs,
    topology: stage.topology,
    virtualMs: world.now,
    events: world.queue.ran,
    decisions: world.decisions?.taken ?? [],
    trace: tracer?.events ?? [],
    lines: tracer?.lines() ?? [],
  };
}

/** Certified steps that only copies proposed. */
function copyStepsOf({ facts, world }: Stage): number {
  const copies = new Set(world.agents.filter(({ copy }) => copy).map(({ name }) => name));
  let count = 0;
  for (const seqs of facts.proposals.values()) {
    for (const proposals of seqs.values()) {
      for (const { by, hash, header } of proposals.values()) {
        const certified = facts.certified.get(`${byteKey(header.instance)}/${header.seq}`);
        if (by.every((name) => copies.has(name)) && certified?.has(hash) === true) count++;
      }
    }
  }
  return count;
}
