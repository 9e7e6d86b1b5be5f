import { Prng } from "../core/index.ts";
import { playIpse } from "./ipse.ts";
import { ATTACKS, type Attack, MODELS, type ModelParams } from "./params.ts";
import { play, type Theft } from "./play.ts";

/** What was measured for one model under one attack. Times in ms; null: unbounded. */
export interface Cell {
  readonly attack: Attack;
  readonly usable_p50_ms: number | null;
  readonly usable_p99_ms: number | null;
  readonly unbounded_share: number;
  readonly detected_share: number;
  readonly detected_p50_ms: number | null;
  readonly ends_by: string;
}

export interface Row {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly cells: readonly Cell[];
  /** Median usable time of the worst theft of the identity (file, memory, clone); null: unbounded. */
  readonly identity_ms: number | null;
  /** Median usable time of the worst leak of what is presented (wire, log); null: unbounded. */
  readonly access_ms: number | null;
}

function quantile(sorted: readonly number[], share: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return Number.isFinite(value) ? Math.round(value) : null;
}

function cell(attack: Attack, thefts: readonly Theft[]): Cell {
  const usable = thefts.map(({ usableMs }) => usableMs).sort((a, b) => a - b);
  const found = thefts
    .flatMap(({ detectedMs }) => (detectedMs === undefined ? [] : [detectedMs]))
    .sort((a, b) => a - b);
  const ends = new Map<string, number>();
  for (const { endedBy } of thefts) ends.set(endedBy, (ends.get(endedBy) ?? 0) + 1);
  const [most] = [...ends].sort(([, a], [, b]) => b - a);
  return {
    attack,
    usable_p50_ms: quantile(usable, 0.5),
    usable_p99_ms: quantile(usable, 0.99),
    unbounded_share: usable.filter((ms) => !Number.isFinite(ms)).length / usable.length,
    detected_share: found.length / thefts.length,
    detected_p50_ms: found.length === 0 ? null : quantile(found, 0.5),
    ends_by: most?.[0] ?? "nothing",
  };
}

function worst(cells: readonly Cell[], attacks: readonly Attack[]): number | null {
  const values = cells.filter(({ attack }) => attacks.includes(attack)).map((one) => one.usable_p50_ms);
  return values.includes(null) ? null : Math.max(0, ...values.map((value) => value ?? 0));
}

function thefts(model: ModelParams, attack: Attack, runs: number, seed: string): Theft[] {
  if (model.id === "ipse")
    return Array.from({ length: Math.min(runs, 60) }, (_, i) => playIpse(attack, `${seed}-${i}`));
  const prng = new Prng(`${seed}/${model.id}/${attack}`);
  return Array.from({ length: runs }, (_, i) => play(model, attack, prng.fork(String(i))));
}

/** Plays every attack against every model. `runs` thefts each; for Ipse the production machines run (at most 60). */
export function compare(seed: string, runs: number): Row[] {
  return MODELS.map((model) => {
    const cells = ATTACKS.map((attack) => cell(attack, thefts(model, attack, runs, seed)));
    return {
      id: model.id,
      name: model.name,
      source: model.source,
      cells,
      identity_ms: worst(cells, ["secret-file", "process-memory", "state-clone"]),
      access_ms: worst(cells, ["token-on-wire", "token-in-log"]),
    };
  });
}

/** A duration as people say it. */
export function duration(ms: number | null): string {
  if (ms === null) return "unbounded";
  if (ms === 0) return "none";
  const units: [number, string][] = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1000, "s"],
  ];
  for (const [size, unit] of units)
    if (ms >= size) return `${(ms / size).toFixed(ms / size < 10 ? 1 : 0)} ${unit}`;
  return `${ms} ms`;
}
